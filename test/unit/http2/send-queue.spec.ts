import { describe, expect, it } from 'vitest';
import { Http2SendQueue } from '../../../lib/http2/outbound/send-queue.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';

const EMPTY_MESSAGE = [Buffer.from([0, 0, 0, 0, 0]), Buffer.alloc(0)];

describe('SendQueue', () => {
  it('needs a few times the bytes of tiny messages that wait', async () => {
    const queue = new Http2SendQueue();
    const before = await memoryUsed();
    for (let i = 0; i < 100_000; i += 1) queue.put(EMPTY_MESSAGE, 5);
    expect((await memoryUsed()) - before).toBeLessThan(8 * 500_000);
    expect(queue.bytes).toBe(500_000);
  });

  it('copies no large piece', () => {
    const queue = new Http2SendQueue();
    const large = Buffer.alloc(64 * 1024);
    queue.put([Buffer.from([0, 0, 1, 0, 0]), large], 5 + large.length);
    expect(queue.take(5 + large.length)[1]).toBe(large);
  });
});
