import { describe, expect, it } from 'vitest';
import { MessageSendQueue } from '../../../lib/grpc/built-in/client/message-send-queue.js';
import type { Http2Stream } from '../../../lib/http2/index.js';
import { stillInUse } from '../../fixtures/grpc/collected.js';

describe('MessageSendQueue', () => {
  it.each([
    ['few large', 3, 100_000],
    ['many empty', 1005, 0],
  ])(
    'keeps not more than a quarter of a mebibyte of %s messages to send again',
    (_what, count, length) => {
      const queue = new MessageSendQueue(() => {});
      queue.attach({ write: () => true } as unknown as Http2Stream);
      for (let i = 1; i < count; i += 1) queue.send(Buffer.alloc(length), undefined, undefined);
      expect(queue.canReplay).toBe(true);
      queue.send(Buffer.alloc(length), undefined, undefined);
      expect(queue.canReplay).toBe(false);
    },
  );

  it.each([
    ['without a stream', undefined],
    ['on a stream', { write: () => true } as unknown as Http2Stream],
  ])('lets go of what it kept when its call ends %s', async (_where, stream) => {
    const queue = new MessageSendQueue(() => {});
    if (stream !== undefined) queue.attach(stream);
    const send = (): WeakRef<object> => {
      const message = Buffer.alloc(1000);
      queue.send(message, undefined, undefined);
      return new WeakRef(message);
    };
    const messages = [send(), send()];
    expect(await stillInUse(messages)).toBe(2);

    queue.release();

    await expect.poll(() => stillInUse(messages)).toBe(0);
    expect(queue.canReplay).toBe(false);
  });
});
