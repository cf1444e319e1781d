import { describe, expect, it } from 'vitest';
import { MessageSendQueue } from '../../../lib/grpc/built-in/client/message-send-queue.js';
import type { Http2Stream } from '../../../lib/http2/index.js';

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
});
