import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { bufferInput } from '../../../lib/backchannel/buffer-input.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection whose bytes come in when the test says so, each piece in a buffer of its own. */
function startHeld() {
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const gone: (Error | undefined)[] = [];
  const giveBack = bufferInput(socket, (error) => gone.push(error));
  const receive = async (bytes: number, at = 0): Promise<void> => {
    socket.push(Buffer.alloc(bytes, at % 251));
    await turn();
  };
  return { socket, gone, giveBack, receive };
}

describe('holdInput', () => {
  it('keeps single bytes at the price of bytes', async () => {
    const { socket, receive, giveBack } = startHeld();
    await receive(1);
    const before = await memoryUsed();
    for (let i = 0; i < 30_000; i += 1) await receive(1, i);

    expect((await memoryUsed()) - before).toBeLessThan(256 * 1024);

    giveBack();
    expect((socket.read() as Buffer).length).toBe(30_001);
  });

  it('gives back what came, in order', async () => {
    const { socket, receive, giveBack } = startHeld();
    const pieces = [1, 1023, 1, 3000, 70_000, 17];
    for (const [at, length] of pieces.entries()) await receive(length, at);

    giveBack();

    const wanted = Buffer.concat(pieces.map((length, at) => Buffer.alloc(length, at)));
    expect((socket.read() as Buffer).equals(wanted)).toBe(true);
  });

  it('gives back in one piece what came in several at once', async () => {
    const { socket, giveBack } = startHeld();
    for (const piece of ['one', 'two', 'three']) socket.push(piece);
    await turn();

    giveBack();

    expect(String(socket.read())).toBe('onetwothree');
  });

  it('counts what comes in several pieces at once', async () => {
    const { socket, gone } = startHeld();
    for (let i = 0; i < 3; i += 1) socket.push(Buffer.alloc(50_000));
    await turn();

    expect(gone).toEqual([new Error('it sent more than 131072 bytes')]);
  });

  it('takes 128 KiB, and not a byte more', async () => {
    const { gone, receive } = startHeld();

    await receive(64 * 1024);
    await receive(64 * 1024);
    expect(gone).toEqual([]);
    await receive(1);

    expect(gone).toEqual([new Error('it sent more than 131072 bytes')]);
  });
});
