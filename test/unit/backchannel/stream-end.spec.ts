import { once } from 'node:events';
import { PassThrough, type Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { onWritableEnd, waitForStreamEnd } from '../../../lib/backchannel/stream-end.js';
import { soon } from '../../fixtures/nest/end-of.js';

async function closed(): Promise<Duplex> {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, 'close');
  return stream;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the end of what this side writes to a stream', () => {
  it.each<[string, (stream: Duplex) => void, boolean]>([
    ['was ended', (stream) => void stream.end(), true],
    ['was cut', (stream) => void stream.destroy(), false],
  ])('is told once when the stream %s', async (_how, end, inOrder) => {
    const stream = new PassThrough();
    const told: boolean[] = [];
    onWritableEnd(stream, (isInOrder) => told.push(isInOrder));

    end(stream);
    await turn();
    stream.destroy();
    await turn();

    expect(told).toEqual([inOrder]);
  });

  it('is told, and not at once, of a stream that had closed before', async () => {
    const told: boolean[] = [];
    onWritableEnd(await closed(), (inOrder) => told.push(inOrder));
    expect(told).toEqual([]);

    await turn();

    expect(told).toEqual([false]);
  });
});

describe('waiting for the end of a stream', () => {
  it('ends with its close', async () => {
    const stream = new PassThrough();
    const ended = waitForStreamEnd(stream);
    stream.destroy();
    await soon(ended);
  });

  it('ends if it had closed before', async () => {
    await soon(waitForStreamEnd(await closed()));
  });
});
