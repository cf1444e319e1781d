import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryConnection } from '../../../lib/testing/memory-connection.js';

/** All that comes in until the other end has finished. */
async function allOf(connection: MemoryConnection): Promise<string> {
  let text = '';
  connection.on('data', (chunk) => (text += String(chunk)));
  await once(connection, 'end');
  return text;
}

describe('a connection in memory', () => {
  it('carries bytes in both directions, in order', async () => {
    const [a, b] = MemoryConnection.pair();
    for (const word of ['one ', 'two ', 'three']) a.write(word);
    b.end('four');
    a.end();

    expect(await Promise.all([allOf(b), allOf(a)])).toEqual(['one two three', 'four']);
    expect([a.bytesWritten, b.bytesRead, b.bytesWritten, a.bytesRead]).toEqual([13, 13, 4, 4]);
  });

  it('delivers in a later turn: nobody reads on the stack of who writes', async () => {
    const [a, b] = MemoryConnection.pair();
    const received: string[] = [];
    b.on('data', (chunk) => received.push(String(chunk)));
    await turn();
    a.write('now?');

    expect(received).toEqual([]);
    await once(b, 'data');
    expect(received).toEqual(['now?']);
  });

  it('takes a copy of what is written', async () => {
    const [a, b] = MemoryConnection.pair();
    const bytes = Buffer.from('before');
    a.write(bytes);
    bytes.write('behind');

    expect(String((await once(b, 'data'))[0])).toBe('before');
  });

  it('finishes a write only when the other end has room for more', async () => {
    const [a, b] = MemoryConnection.pair();
    const chunk = Buffer.alloc(b.readableHighWaterMark);
    let finished = 0;
    for (let i = 0; i < 3; i += 1) a.write(chunk, () => (finished += 1));
    for (let i = 0; i < 10; i += 1) await turn();
    expect(finished).toBe(0);
    expect(a.writableNeedDrain).toBe(true);

    b.resume();
    await once(a, 'drain');
    expect(finished).toBe(3);
  });

  it('lets one end go on when the other one has finished', async () => {
    const [a, b] = MemoryConnection.pair();
    a.end('a question');
    expect(await allOf(b)).toBe('a question');
    b.end('an answer');

    expect(await allOf(a)).toBe('an answer');
  });

  it('ends for one end when the other one closes it, and takes nothing any more', async () => {
    const [a, b] = MemoryConnection.pair();
    a.destroy();
    b.resume();
    await once(b, 'end');
    b.write('anybody there?');

    await expect(once(b, 'drain')).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('is reset for one end when the other one fails', async () => {
    const [a, b] = MemoryConnection.pair();
    a.on('error', () => {}).destroy(new Error('oops'));

    await expect(once(b, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('is reset for one end that has just written when the other one fails', async () => {
    const [a, b] = MemoryConnection.pair();
    b.write('on its way');
    a.on('error', () => {}).destroy(new Error('oops'));

    await expect(once(b, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('is reset for who waits for room when the other end closes it', async () => {
    const [a, b] = MemoryConnection.pair();
    a.write(Buffer.alloc(b.readableHighWaterMark));
    await turn();
    b.destroy();

    await expect(once(a, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
