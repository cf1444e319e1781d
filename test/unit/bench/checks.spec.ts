import { Duplex, duplexPair, Transform } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../bench/ends/end.js';
import { loadStream } from '../../bench/ends/load-stream.js';
import { loadUnary } from '../../bench/ends/load-unary.js';
import { MessageCheck, MessageSource } from '../../bench/ends/messages.js';
import { pump, receive } from '../../bench/ends/pumping.js';

type Echo = Caller['echo'];

function caller(parts: Partial<Caller>): Caller {
  const missing = (): never => {
    throw new Error('not expected');
  };
  return { echo: missing, download: missing, ...parts };
}

const order = { do: 'unary', size: 64, concurrency: 4, peers: 1, ms: 5 } as const;

describe('the bench', () => {
  describe('unary calls', () => {
    const honest: Echo = (data, callback) => setImmediate(callback, null, Buffer.from(data));

    it('counts replies that are what was sent', async () => {
      const { calls, p50, p99 } = await loadUnary([caller({ echo: honest })], order);

      expect(calls).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
    });

    it('makes one call at least, however short the time is', async () => {
      const { calls } = await loadUnary([caller({ echo: honest })], { ...order, ms: -1 });

      expect(calls).toBe(order.concurrency);
    });

    it('notices a reply with a wrong byte', async () => {
      const echo: Echo = (data, callback) => {
        const reply = Buffer.from(data);
        reply[63]! ^= 1;
        setImmediate(callback, null, reply);
      };

      await expect(loadUnary([caller({ echo })], order)).rejects.toThrow('not what was sent');
    });

    it('notices replies that were swapped', async () => {
      const waiting: { data: Buffer; callback: Parameters<Echo>[1] }[] = [];
      const echo: Echo = (data, callback) => {
        waiting.push({ data: Buffer.from(data), callback });
        if (waiting.length < 2) return;
        const [first, second] = waiting.splice(0) as [(typeof waiting)[0], (typeof waiting)[0]];
        setImmediate(first.callback, null, second.data);
      };

      await expect(loadUnary([caller({ echo })], order)).rejects.toThrow('not what was sent');
    });

    it('fails with a call that fails', async () => {
      const echo: Echo = (_data, callback) => setImmediate(callback, new Error('lost'));

      await expect(loadUnary([caller({ echo })], order)).rejects.toThrow('lost');
    });
  });

  describe('streams', () => {
    /** Sends what `next` gives, until it is cancelled. */
    function source(next: (i: number) => Buffer | undefined): Caller {
      return caller({
        download(_size, onMessage, onEnd) {
          let cancelled = false;
          let i = 0;
          const send = (): void => {
            if (cancelled) return onEnd(null);
            const message = next(i++);
            if (message === undefined) return onEnd(null);
            onMessage(message);
            setImmediate(send);
          };
          setImmediate(send);
          return () => (cancelled = true);
        },
      });
    }

    it('receives two messages at least, however short the time is', async () => {
      const messages = new MessageSource(100);

      const done = await loadStream(
        source(() => messages.next()),
        { do: 'stream', size: 100, ms: 0 },
      );

      expect(done.messages).toBeGreaterThanOrEqual(2);
    });

    it('fails when the stream ends by itself', async () => {
      const messages = new MessageSource(100);

      await expect(
        loadStream(
          source((i) => (i < 3 ? messages.next() : undefined)),
          { do: 'stream', size: 100, ms: 10_000 },
        ),
      ).rejects.toThrow('has ended');
    });

    it.each([
      ['was lost', (messages: Buffer[]) => messages.splice(1, 1)],
      ['came twice', (messages: Buffer[]) => messages.splice(1, 0, messages[0]!)],
      ['is too short', (messages: Buffer[]) => messages.splice(1, 1, messages[1]!.subarray(0, 99))],
      ['ends with a wrong byte', (messages: Buffer[]) => messages[1]!.fill(0, 99)],
    ])('notices that a message %s', (_what, spoil) => {
      const origin = new MessageSource(100);
      // Copies: all sources of one size share their buffers.
      const messages = Array.from({ length: 3 }, () => Buffer.from(origin.next()));
      spoil(messages);
      const check = new MessageCheck(100);

      expect(() => messages.forEach((message) => check.next(message))).toThrow('out of order');
    });
  });

  describe('messages', () => {
    it('are made once per size, and numbered from zero in each stream', () => {
      const first = new MessageSource(200).next();
      const second = new MessageSource(200).next();

      expect(second).toBe(first);
      expect(second.readUInt32BE()).toBe(0);
      expect(new MessageSource(201).next()).toHaveLength(201);
    });
  });

  describe('bytes', () => {
    /** A stream to a receiver, which gets of each chunk what `spoil` makes of it. */
    function link(spoil = (chunk: Buffer): Buffer => chunk): Duplex {
      const [near, far] = duplexPair({ allowHalfOpen: true });
      const spoiling = new Transform({
        transform: (chunk: Buffer, _encoding, callback) => callback(null, spoil(chunk)),
      });
      receive(Duplex.from({ readable: far.pipe(spoiling), writable: far }));
      return near;
    }

    it('are confirmed when all of them arrived', async () => {
      const { bytes } = await pump([link(), link()], 1000, 100);

      expect(bytes).toBeGreaterThan(0);
      expect(bytes % 1000).toBe(0);
    });

    it('are sent in one piece at least, however short the time is', async () => {
      const { bytes } = await pump([link()], 1000, -1);

      expect(bytes).toBe(1000);
    });

    it('are not confirmed when one of them is wrong', async () => {
      const spoil = (chunk: Buffer): Buffer => Buffer.concat([chunk.subarray(0, -1), Buffer.of(1)]);

      await expect(pump([link(spoil)], 1000, 5)).rejects.toThrow('not all bytes arrived');
    });

    it('are not confirmed when one of them is missing', async () => {
      await expect(pump([link((chunk) => chunk.subarray(0, -1))], 1000, 5)).rejects.toThrow(
        'not all bytes arrived',
      );
    });
  });
});
