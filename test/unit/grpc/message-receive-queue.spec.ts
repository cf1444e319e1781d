import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ConnectionMemory } from '../../../lib/grpc/built-in/connection-memory.js';
import { NO_ROOM } from '../../../lib/grpc/built-in/message-limits.js';
import { framed } from '../../fixtures/grpc/framed.js';
import { ReceiveQueueUser } from '../../fixtures/grpc/receive-queue-user.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { randomOf } from '../../fixtures/grpc/random.js';

const MiB = 2 ** 20;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('MessageReceiveQueue', () => {
  it('hands over one message for each read', async () => {
    const user = new ReceiveQueueUser();
    user.push(Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(2))]));
    await turn();
    expect(user.log).toEqual([]);

    user.queue.read();
    user.queue.pump();
    await turn();
    expect(user.log).toEqual(['message 1']);

    user.queue.read();
    user.queue.pump();
    expect(user.log).toEqual(['message 1', 'message 2']);
  });

  it('hands over many messages in several turns of the event loop, in order', async () => {
    const user = new ReceiveQueueUser();
    const MESSAGES = 200;
    user.push(Buffer.concat(Array.from({ length: MESSAGES }, (_, i) => framed(Buffer.alloc(i)))));
    user.queue.end();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (user.messages.length < MESSAGES) setImmediate(count);
    };
    setImmediate(count);
    user.onEach = () => {
      const end = performance.now() + 1;
      while (performance.now() < end); // a handler that takes its time
      user.queue.read();
    };

    user.queue.read();
    user.queue.pump();
    while (!user.log.includes('all read')) await turn();

    expect(user.messages.map(({ length }) => length)).toEqual(
      Array.from({ length: MESSAGES }, (_, i) => i),
    );
    expect(turns).toBeGreaterThan(5);
  });

  it('hands over nothing more once it was closed between two turns', async () => {
    const user = new ReceiveQueueUser();
    user.push(Buffer.concat(Array.from({ length: 100 }, () => framed(Buffer.alloc(1)))));
    user.onEach = () => {
      const end = performance.now() + 1;
      while (performance.now() < end);
      user.queue.read();
    };

    user.queue.read();
    user.queue.pump();
    const delivered = user.messages.length;
    user.queue.close();
    await turn();
    await turn();

    expect(delivered).toBeLessThan(100);
    expect(user.messages).toHaveLength(delivered);
  });

  it('counts two reads without a message between them as one', async () => {
    const user = new ReceiveQueueUser();
    user.queue.read();
    user.queue.read();
    user.push(Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(2))]));
    await turn();
    expect(user.log).toEqual(['message 1']);
  });

  it('consumes nothing while nobody reads', async () => {
    const user = new ReceiveQueueUser();
    user.push(framed(Buffer.alloc(1000)));
    user.push(framed(Buffer.alloc(1000)).subarray(0, 500));
    await turn();
    expect(user.consumed).toBe(0);
  });

  it('consumes no more than the message that was read', async () => {
    const user = new ReceiveQueueUser();
    user.push(Buffer.concat([framed(Buffer.alloc(10)), framed(Buffer.alloc(20))]));
    user.queue.read();
    user.queue.pump();
    expect(user.consumed).toBe(15);
  });

  it('consumes the beginning of a message that is wanted, so that the rest can come', () => {
    const user = new ReceiveQueueUser();
    user.queue.read();
    user.push(framed(Buffer.alloc(1000)).subarray(0, 400));
    expect(user.consumed).toBe(400);
  });

  it('consumes the beginning of a message also when it is wanted later', () => {
    const user = new ReceiveQueueUser();
    user.push(framed(Buffer.alloc(1000)).subarray(0, 400));
    user.queue.read();
    expect(user.consumed).toBe(400);
  });

  it('tells the end when the last message is read, and not before', async () => {
    const user = new ReceiveQueueUser();
    user.push(framed(Buffer.alloc(1)));
    user.queue.end();
    await turn();
    expect(user.log).toEqual([]);
    user.queue.read();
    user.queue.pump();
    expect(user.log).toEqual(['message 1', 'all read']);
  });

  it('tells the end without a read where nothing is left', async () => {
    const user = new ReceiveQueueUser();
    user.queue.end();
    await turn();
    expect(user.log).toEqual(['all read']);
  });

  it.each([1, 4, 5, 9])('is broken by an end %i bytes into a message', (length) => {
    const user = new ReceiveQueueUser();
    user.push(framed(Buffer.alloc(5)).subarray(0, length));
    user.queue.end();
    expect(user.log).toEqual([`${status.INTERNAL} The stream ended in the middle of a message`]);
    expect(user.consumed).toBe(length);
  });

  it('is broken by a message beyond the limit, and consumes what still comes', () => {
    const user = new ReceiveQueueUser(10);
    user.push(framed(Buffer.alloc(11)));
    user.push(Buffer.alloc(100));
    user.queue.end();
    expect(user.log).toEqual([
      `${status.RESOURCE_EXHAUSTED} Received message larger than max (11 vs 10)`,
    ]);
    expect(user.consumed).toBe(user.pushed);
  });

  it('hands over nothing once it is closed, and consumes all of it', async () => {
    const user = new ReceiveQueueUser();
    user.push(Buffer.concat([framed(Buffer.alloc(10)), framed(Buffer.alloc(20)).subarray(0, 7)]));
    user.queue.close();
    user.queue.close();
    user.push(Buffer.alloc(13));
    user.queue.read();
    user.queue.pump();
    user.queue.end();
    await turn();
    expect(user.log).toEqual([]);
    expect(user.consumed).toBe(user.pushed);
  });

  it('can be closed from within a message', async () => {
    const user = new ReceiveQueueUser();
    user.onEach = () => {
      user.queue.read();
      user.queue.close();
    };
    user.push(Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(2))]));
    user.queue.end();
    user.queue.read();
    user.queue.pump();
    await turn();
    expect(user.log).toEqual(['message 1']);
    expect(user.consumed).toBe(user.pushed);
  });

  it('goes on after a listener that threw', () => {
    const user = new ReceiveQueueUser();
    const bug = new Error('a bug of the user');
    user.push(Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(2))]));
    user.onEach = () => {
      throw bug;
    };
    user.queue.read();
    expect(() => user.queue.pump()).toThrow(bug);
    user.onEach = () => {};
    user.queue.read();
    user.queue.pump();
    expect(user.log).toEqual(['message 1', 'message 2']);
  });

  // Was a bug: the time to take one from the front grew with the number behind it, to seconds.
  it('hands over 50,000 messages that wait in far less than a second, without recursion', async () => {
    const user = new ReceiveQueueUser();
    user.push(Buffer.alloc(5 * 50_000));
    const startedAt = performance.now();
    user.readAll();
    await user.until(() => user.messages.length === 50_000);
    expect(user.consumed).toBe(user.pushed);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  describe('with compressed messages', () => {
    it('keeps the order among those that are not', async () => {
      const user = new ReceiveQueueUser();
      user.queue.encoding = 'gzip';
      const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
      texts.forEach((text, i) => {
        const message = Buffer.from(text);
        user.push(i % 2 === 0 ? framed(gzipSync(message), true) : framed(message));
      });
      user.queue.end();
      user.readAll();
      await user.until(() => user.log.includes('all read'));
      expect(user.messages.map(String)).toEqual(texts);
      expect(user.consumed).toBe(user.pushed);
    });

    it('consumes one only when it is handed over', async () => {
      const user = new ReceiveQueueUser();
      user.queue.encoding = 'deflate';
      user.push(framed(deflateSync(Buffer.alloc(100)), true));
      user.queue.read();
      user.queue.pump();
      expect(user.consumed).toBe(0);
      await user.until(() => user.consumed > 0);
      expect(user.log).toEqual(['message 100']);
      expect(user.consumed).toBe(user.pushed);
    });

    it('hands over nothing when it is closed while it decompresses', async () => {
      const user = new ReceiveQueueUser();
      user.queue.encoding = 'gzip';
      user.push(framed(gzipSync(Buffer.alloc(100)), true));
      user.push(framed(gzipSync(Buffer.alloc(100)), true));
      user.queue.read();
      user.queue.pump();
      user.queue.close();
      await user.until(() => user.consumed === user.pushed);
      await turn();
      expect(user.log).toEqual([]);
    });

    it('consumes everything when one of them is none', async () => {
      const user = new ReceiveQueueUser();
      user.queue.encoding = 'gzip';
      user.push(framed(Buffer.from('no gzip at all'), true));
      user.push(framed(Buffer.from('behind it')));
      user.queue.read();
      user.queue.pump();
      await user.until(() => user.log.length > 0);
      expect(user.log).toEqual([`${status.INTERNAL} Failed to decompress gzip-encoded message`]);
      expect(user.consumed).toBe(user.pushed);
    });

    it('tells the end behind the last of them', async () => {
      const user = new ReceiveQueueUser();
      user.queue.encoding = 'gzip';
      user.push(framed(gzipSync(Buffer.alloc(3)), true));
      user.queue.end();
      user.readAll();
      await user.until(() => user.log.includes('all read'));
      expect(user.log).toEqual(['message 3', 'all read']);
    });
  });

  describe('with compressed messages that become very much larger', () => {
    const LENGTH = 400_000;
    /** A list of so many empty items that decoding it uses up the budget of its connection. */
    const grown = framed(gzipSync(Buffer.alloc(LENGTH, Buffer.from([0x0a, 0x00]))), true);
    const LIMIT = 1024 * MiB;

    /** Two, of which one has got its message and the other is decompressed, too. */
    async function twoAtOnce(limit = LIMIT): Promise<{
      memory: ConnectionMemory;
      first: ReceiveQueueUser;
      other: ReceiveQueueUser;
    }> {
      const memory = new ConnectionMemory(limit);
      const users = [1, 2].map(() => new ReceiveQueueUser(MiB, 'stream', memory));
      for (const user of users) {
        user.queue.encoding = 'gzip';
        user.push(grown);
        user.queue.read();
        user.queue.pump();
      }
      const isFirst = ({ log }: ReceiveQueueUser): boolean => log.length > 0;
      await Promise.race(users.map((user) => user.until(() => isFirst(user))));
      const first = users.find(isFirst)!;
      const other = users.find((user) => user !== first)!;
      while (limit - memory.room < 30 * LENGTH + LENGTH) await turn();
      return { memory, first, other };
    }

    it('hands over one, and the next when there is budget for it', async () => {
      const { memory, first, other } = await twoAtOnce();
      expect(first.log).toEqual([`message ${LENGTH}`]);
      expect(other.log).toEqual([]);
      expect(LIMIT - memory.room).toBeLessThan(40 * LENGTH);
      await other.until(() => other.log.length > 0);
      expect(other.log).toEqual([`message ${LENGTH}`]);
    });

    it('does not look into the next one before', async () => {
      // It would find that there is no room for both.
      const { first, other } = await twoAtOnce(50 * LENGTH);
      await turn();
      expect(other.log).toEqual([]);
      first.queue.close();
      await other.until(() => other.log.length > 0);
      expect(other.log).toEqual([`message ${LENGTH}`]);
    });

    it('holds nothing of one that is closed while it waits for budget', async () => {
      const { memory, first, other } = await twoAtOnce();
      other.queue.close();
      first.queue.close();
      expect(memory.room).toBe(LIMIT);
      expect(other.consumed).toBe(other.pushed);
      expect(other.log).toEqual([]);
    });
  });

  describe('for a single message', () => {
    it('hands it over when the other end has sent all it had to', async () => {
      const user = new ReceiveQueueUser(1000, 'single');
      user.queue.read();
      user.push(framed(Buffer.alloc(10)));
      user.queue.pump();
      await turn();
      expect(user.log).toEqual([]);

      user.onEach = () => user.queue.read();
      user.queue.end();
      await turn();
      expect(user.log).toEqual(['message 10', 'all read']);
    });

    it('decompresses nothing before that', async () => {
      const user = new ReceiveQueueUser(MiB, 'single');
      user.queue.encoding = 'gzip';
      user.queue.read();
      user.push(framed(gzipSync(Buffer.alloc(MiB)), true));
      await turn();
      expect(user.consumed).toBe(0);
      user.readAll();
      user.queue.end();
      await user.until(() => user.log.includes('all read'));
      expect(user.log).toEqual([`message ${MiB}`, 'all read']);
    });

    it('hands over a second one, too, so that it can be refused', async () => {
      const user = new ReceiveQueueUser(1000, 'single');
      user.readAll();
      user.push(Buffer.concat([framed(Buffer.alloc(1)), framed(Buffer.alloc(2))]));
      await turn();
      expect(user.log).toEqual(['message 1']);
      user.queue.end();
      await turn();
      expect(user.log).toEqual(['message 1', 'message 2', 'all read']);
    });

    it('holds its memory until it is closed', async () => {
      const memory = new ConnectionMemory(MiB);
      const user = new ReceiveQueueUser(MiB, 'single', memory);
      user.readAll();
      user.push(framed(Buffer.alloc(1000)));
      user.queue.end();
      await turn();
      expect(user.log).toEqual(['message 1000', 'all read']);
      expect(MiB - memory.room).toBeGreaterThanOrEqual(1000);
      user.queue.close();
      expect(memory.room).toBe(MiB);
    });
  });

  describe('with little memory', () => {
    const LARGE = 100_000;

    it('holds the memory of one message until the next one is asked for', async () => {
      const memory = new ConnectionMemory(1.5 * LARGE);
      const user = new ReceiveQueueUser(MiB, 'stream', memory);
      user.push(framed(Buffer.alloc(LARGE)));
      user.push(framed(Buffer.alloc(LARGE)));
      user.queue.read();
      user.queue.pump();
      expect(memory.room).toBe(0.5 * LARGE);
      user.queue.read();
      expect(memory.room).toBe(1.5 * LARGE);
      user.queue.pump();
      expect(memory.room).toBe(0.5 * LARGE);
      user.queue.close();
      expect(memory.room).toBe(1.5 * LARGE);
      expect(user.log).toEqual([`message ${LARGE}`, `message ${LARGE}`]);
    });

    it('is broken by a message that needs more than there is', async () => {
      const memory = new ConnectionMemory(1.5 * LARGE);
      const users = [1, 2].map(() => new ReceiveQueueUser(MiB, 'stream', memory));
      for (const user of users) {
        user.push(framed(Buffer.alloc(LARGE)));
        user.queue.read();
        user.queue.pump();
      }
      expect(users[0]!.log).toEqual([`message ${LARGE}`]);
      expect(users[1]!.log).toEqual([`${status.RESOURCE_EXHAUSTED} ${NO_ROOM}`]);
      expect(users[1]!.consumed).toBe(users[1]!.pushed);
      expect(memory.room).toBe(0.5 * LARGE);
    });

    it('counts a list by what becomes of it', () => {
      const memory = new ConnectionMemory(20 * LARGE);
      const user = new ReceiveQueueUser(MiB, 'stream', memory);
      user.push(framed(Buffer.alloc(LARGE, Buffer.from([0x0a, 0x00]))));
      user.queue.read();
      user.queue.pump();
      expect(user.log).toEqual([`${status.RESOURCE_EXHAUSTED} ${NO_ROOM}`]);
      expect(memory.room).toBe(20 * LARGE);
    });

    it('looks at no message that would fit whatever it is, until it is decoded', () => {
      const memory = new ConnectionMemory(64 * LARGE);
      const user = new ReceiveQueueUser(MiB, 'stream', memory);
      const message = Buffer.alloc(LARGE, 'a');
      user.push(framed(message));
      user.queue.read();
      user.queue.pump();
      expect(memory.room).toBe(32 * LARGE);
      expect(user.queue.holdDecoded({ text: message.toString() }, LARGE)).toBe(true);
      expect(memory.room).toBeGreaterThan(62 * LARGE);
    });

    it('counts what a message became, once it is known', () => {
      const memory = new ConnectionMemory(20 * LARGE);
      const user = new ReceiveQueueUser(MiB, 'single', memory);
      user.readAll();
      user.push(framed(Buffer.alloc(LARGE)));
      user.queue.end();
      user.queue.pump();
      expect(user.queue.holdDecoded({ numbers: Array(LARGE).fill(1) }, LARGE)).toBe(true);
      expect(memory.room).toBeLessThan(10 * LARGE);
      expect(
        user.queue.holdDecoded({ items: Array.from({ length: LARGE }, () => ({})) }, LARGE),
      ).toBe(false);
      expect(user.log).toContain(`${status.RESOURCE_EXHAUSTED} ${NO_ROOM}`);
      expect(memory.room).toBe(20 * LARGE);
    });

    it.each(['gzip', 'deflate'])(
      'makes no more of a bomb of %s than it may hold',
      async (encoding) => {
        const memory = new ConnectionMemory(LARGE);
        const user = new ReceiveQueueUser(MiB, 'stream', memory);
        user.queue.encoding = encoding;
        const compressed = (encoding === 'gzip' ? gzipSync : deflateSync)(Buffer.alloc(MiB));
        user.push(framed(compressed, true));
        user.queue.read();
        user.queue.pump();
        await user.until(() => user.log.length > 0);
        expect(user.log).toEqual([`${status.RESOURCE_EXHAUSTED} ${NO_ROOM}`]);
        expect(memory.room).toBe(LARGE);
      },
    );

    it('gives all of it back when it is closed while it decompresses', () => {
      const memory = new ConnectionMemory(MiB);
      const user = new ReceiveQueueUser(MiB, 'stream', memory);
      user.queue.encoding = 'gzip';
      user.push(framed(gzipSync(Buffer.alloc(LARGE)), true));
      user.queue.read();
      user.queue.pump();
      user.queue.close();
      expect(memory.room).toBe(MiB);
      expect(user.consumed).toBe(user.pushed);
    });
  });

  it.each([
    ['come in one piece', 256 * 1024],
    ['come byte by byte', 1],
  ])('needs a few times their bytes for unread empty messages that %s', async (_how, size) => {
    const stream = Buffer.alloc(256 * 1024);
    const users = Array.from({ length: 8 }, () => new ReceiveQueueUser());
    const before = await memoryUsed();
    for (const user of users) {
      for (let at = 0; at < stream.length; at += size) user.push(stream.subarray(at, at + size));
    }
    expect((await memoryUsed()) - before).toBeLessThan(8 * 8 * stream.length);
    const [user] = users;
    user!.readAll();
    await user!.until(() => user!.messages.length === Math.floor(stream.length / 5));
  });

  it('needs a few times their bytes for tiny messages behind the one that was to be read', async () => {
    const users = Array.from({ length: 100 }, () => new ReceiveQueueUser());
    // Messages of other streams lie in between.
    const [length, distance] = [5, 40];
    const before = await memoryUsed();
    let pushed = 0;
    for (const user of users) {
      const chunk = Buffer.alloc(64 * 1024);
      user.queue.read();
      for (let at = 0; at + length <= chunk.length; at += distance) {
        user.queue.push(chunk, at, at + length);
        pushed += length;
      }
    }
    expect((await memoryUsed()) - before).toBeLessThan(3 * pushed + 100 * users.length);
    expect(users.every((user) => user.messages.length === 1)).toBe(true);
  });

  it.each([
    ['nobody reads', false],
    ['was to be read', true],
  ])(
    'keeps no large buffer in memory for the sake of a small part that %s',
    async (_what, reads) => {
      const users = Array.from({ length: 200 }, () => new ReceiveQueueUser());
      const before = await memoryUsed();
      for (const user of users) {
        const chunk = Buffer.alloc(64 * 1024);
        framed(Buffer.alloc(5000)).copy(chunk);
        if (reads) user.queue.read();
        user.push(chunk.subarray(0, 5005));
        user.push(chunk.subarray(8000, 13_000));
        user.onEach = () => user.messages.pop();
      }
      await turn();
      expect((await memoryUsed()) - before).toBeLessThan(200 * 32 * 1024);
      expect(users[0]!.consumed).toBe(reads ? 5005 : 0);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'consumes every byte exactly once, whatever is read, ended or closed when (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      for (let round = 0; round < 40; round += 1) await consumesAll(random);
    },
  );
});

async function consumesAll(random: () => number): Promise<void> {
  const memory = new ConnectionMemory(MiB);
  const user = new ReceiveQueueUser(2000, random() < 0.3 ? 'single' : 'stream', memory);
  user.queue.encoding = 'gzip';
  const stream = Buffer.concat(
    Array.from({ length: 12 }, () => {
      const message = Buffer.alloc(Math.floor(random() * (random() < 0.03 ? 4000 : 300)));
      return random() < 0.3 ? framed(gzipSync(message), true) : framed(message);
    }),
  );
  const closesAt = random() < 0.4 ? Math.floor(random() * stream.length) : Infinity;
  let isClosed = false;
  for (let at = 0; at < stream.length;) {
    const end = Math.min(stream.length, at + 1 + Math.floor(random() * 200));
    user.push(stream.subarray(at, end));
    at = end;
    expect(user.consumed).toBeLessThanOrEqual(user.pushed);
    if (random() < 0.5) user.queue.read();
    if (random() < 0.3) user.queue.pump();
    if (random() < 0.3) await turn();
    if (at > closesAt && !isClosed) {
      isClosed = true;
      user.queue.close();
    }
  }
  if (random() < 0.7) {
    user.queue.end();
    user.readAll();
  } else {
    user.queue.close();
  }
  await user.until(() => user.consumed >= user.pushed);
  await turn();
  expect(user.consumed).toBe(user.pushed);
  user.queue.close();
  expect(memory.room).toBe(MiB);
}
