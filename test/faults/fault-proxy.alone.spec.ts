import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Random } from '../soak/random.js';
import {
  AtOffset,
  Bandwidth,
  cuts,
  FaultProxy,
  Latency,
  Segments,
  ways,
  type FaultyConnection,
  type Plan,
  type Way,
} from './index.js';

/** A socket, and all that comes to it from the first byte on. */
class End {
  readonly chunks: Buffer[] = [];
  /** Resolves with how it ended: `end`, `close` without one, or the code of an error. */
  readonly ended: Promise<string>;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve('end'));
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
      socket.once('close', () => resolve('close'));
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get lengths(): number[] {
    return this.chunks.map(({ length }) => length);
  }

  /** All that comes, when its end does. */
  async all(): Promise<Buffer> {
    expect(await this.ended).toBe('end');
    return this.received;
  }
}

interface Link {
  /** The ends of either way: `up` is sent by the dialing side and received by the listening one. */
  sender: Record<Way, End>;
  receiver: Record<Way, End>;
  connection: FaultyConnection;
}

/** A dialing and a listening socket with a proxy between them, for the test that is running. */
async function linked(plan: Plan = {}, seed = 1): Promise<Link> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<End>((resolve) =>
    server.once('connection', (socket) => resolve(new End(socket))),
  );
  const proxy = await FaultProxy.start((server.address() as AddressInfo).port, seed);
  proxy.plan = plan;
  const next = proxy.next();
  const dialing = dial(proxy.url);
  const listening = await accepted;
  onTestFinished(async () => {
    server.close();
    for (const { socket } of [dialing, listening]) socket.destroy();
    await proxy.close();
  });
  return {
    sender: { up: dialing, down: listening },
    receiver: { up: listening, down: dialing },
    connection: await next,
  };
}

function dial(url: string): End {
  const port = Number(url.split(':')[1]);
  return new End(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
}

/** So many bytes, of every value. */
function bytes(count: number): Buffer {
  const random = new Random(count);
  return Buffer.from(Array.from({ length: count }, () => random.between(0, 255)));
}

describe.each(ways)('the way %s', (way) => {
  it('carries everything, and its end while the other way stays open', async () => {
    const { sender, receiver } = await linked();
    const other = way === 'up' ? 'down' : 'up';
    const data = bytes(100_000);

    sender[way].socket.end(data);

    expect((await receiver[way].all()).equals(data)).toBe(true);
    sender[other].socket.end('still there');
    expect((await receiver[other].all()).toString()).toBe('still there');
  });

  it.each(cuts)('is cut by "%s" at exactly the byte that it is to be cut at', async (how) => {
    for (const offset of [0, 1, 7, 1000]) {
      const plan = { [way]: [new AtOffset(offset, (connection) => connection.cut(how))] };
      const { sender, receiver, connection } = await linked(plan);

      sender[way].socket.write(bytes(500).toString('hex'));

      const expected = bytes(500).toString('hex').slice(0, offset);
      // Node calls a reset that comes along with bytes an end.
      const end = how === 'reset' ? expect.toBeOneOf(['ECONNRESET', 'end']) : 'end';
      expect(await receiver[way].ended).toEqual(end);
      expect(receiver[way].received.toString()).toBe(expected);
      await sender[way].ended;
      expect(sender[way].received.toString()).toBe('');
      expect(connection[way].passed).toBe(offset);
      sender[way].socket.destroy();
      receiver[way].socket.destroy();
      await connection.over;
    }
  });

  it('can have every byte arrive alone', async () => {
    const { sender, receiver } = await linked({ [way]: [new Segments(1)] });

    sender[way].socket.end(bytes(500));

    expect((await receiver[way].all()).equals(bytes(500))).toBe(true);
    expect(receiver[way].lengths).toEqual(Array.from({ length: 500 }, () => 1));
  });

  it('takes apart what was sent in one, in the same way for the same seed', async () => {
    const [first, again, other] = [[1], [1], [2]].map(async ([seed]) => {
      const { sender, receiver } = await linked({ [way]: [new Segments(100)] }, seed);
      sender[way].socket.end(bytes(5000));
      expect((await receiver[way].all()).equals(bytes(5000))).toBe(true);
      return receiver[way].lengths;
    });

    expect(await again).toEqual(await first);
    expect(await other).not.toEqual(await first);
  });

  it('can be long: what was sent arrives in order, and later', async () => {
    const { sender, receiver } = await linked({ [way]: [new Latency(30, 20)] });
    const startedAt = performance.now();

    for (const byte of bytes(20)) {
      sender[way].socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    sender[way].socket.end();

    expect((await receiver[way].all()).equals(bytes(20))).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(29);
  });

  it('can be narrow', async () => {
    const { sender, receiver } = await linked({
      [way]: [new Segments(2000), new Bandwidth(500)],
    });
    const startedAt = performance.now();

    sender[way].socket.end(bytes(50_000));

    expect((await receiver[way].all()).equals(bytes(50_000))).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(99);
  });

  it('can stall at a byte for a while, and go on where it was', async () => {
    const { sender, receiver } = await linked({
      [way]: [new AtOffset(10, (connection) => connection.stall(50))],
    });
    const startedAt = performance.now();

    sender[way].socket.end(bytes(5000));

    expect((await receiver[way].all()).equals(bytes(5000))).toBe(true);
    expect(receiver[way].lengths[0]).toBe(10);
    expect(performance.now() - startedAt).toBeGreaterThan(49);
  });

  it('can fall silent: not even an end passes', async () => {
    const { sender, receiver, connection } = await linked();
    const other = way === 'up' ? 'down' : 'up';
    connection.silence(way);

    sender[way].socket.end('lost');
    sender[other].socket.end('not lost');

    expect((await receiver[other].all()).toString()).toBe('not lost');
    expect(receiver[way].socket.readableEnded).toBe(false);
    expect(connection[way].passed).toBe(0);
  });

  it('passes a reset on as such', async () => {
    const { sender, receiver } = await linked();

    sender[way].socket.resetAndDestroy();

    expect(await receiver[way].ended).toBe('ECONNRESET');
  });
});

describe('a connection', () => {
  it.each(cuts)('can be cut off by "%s" from one side, and the other is not told', async (how) => {
    const { sender, connection } = await linked();
    const { socket } = sender.down;

    connection.cutOff('dialing', how);

    expect(await sender.up.ended).toBe(how === 'reset' ? 'ECONNRESET' : 'end');
    sender.up.socket.destroy();
    await new Promise((resolve) => socket.write('anybody?', resolve));
    expect([socket.readableEnded, socket.closed, socket.errored]).toEqual([false, false, null]);
    connection.destroy();
    await connection.over;
  });

  it('that is refused by the listening side is reset', async () => {
    const proxy = await FaultProxy.start(1);
    onTestFinished(() => proxy.close());

    expect(await dial(proxy.url).ended).toBe('ECONNRESET');
    expect(proxy.total).toBe(1);
  });
});
