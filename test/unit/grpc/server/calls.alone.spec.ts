import { status, type ServerDuplexStream, type ServerErrorResponse } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { openCall } from '../../../fixtures/grpc/raw-request.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { stubOf, type Handlers } from '../../../fixtures/grpc/service.js';
import { Site, type Channel } from '../../../fixtures/grpc/site.js';
import { FLAG, frame, number32, RawClient, TYPE } from '../../../fixtures/http2/raw-client.js';
import { Uncaught } from '../../../fixtures/http2/uncaught.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const KiB = 1024;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let site: Site;
let uncaught: Uncaught;

beforeEach(() => {
  site = new Site();
  uncaught = new Uncaught();
});

afterEach(async () => {
  await site.close();
  uncaught.release();
});

/** Resolves when the other end has answered: by then it has done all that was asked for before. */
async function settled(channel: Channel): Promise<void> {
  for (let i = 0; i < 2; i += 1) await new RawCall(channel, { path: '/unit.Test/nothing' }).ended;
}

async function rawClient(handlers: Partial<Handlers>): Promise<RawClient> {
  const { address } = await site.serve(handlers);
  const client = await new RawClient(Number(address.split(':')[1])).greet();
  site.after(() => client.socket.destroy());
  return client;
}

describe('a handler', () => {
  it('never runs for a call that was given up with what began it', async () => {
    let runs = 0;
    const run = (): number => (runs += 1);
    const client = await rawClient({ unary: run, collect: run, list: run, bidi: run });
    ['unary', 'collect', 'list', 'bidi'].forEach((method, i) => {
      const id = 2 * i + 1;
      client.write(
        openCall(id, method),
        frame(TYPE.data, FLAG.endStream, id, framed(Buffer.alloc(3))),
        frame(TYPE.rstStream, 0, id, number32(8)),
      );
    });
    await client.ping();
    await turn();
    expect(runs).toBe(0);
  });

  // Was a bug: the end of every call was told twice, here and where it ended in order.
  it('is told once that the time of its call has passed', async () => {
    let cancelled = 0;
    const client = await rawClient({
      unary: (call) => call.on('cancelled', () => (cancelled += 1)),
    });
    client.write(
      openCall(1, 'unary', [['grpc-timeout', '50m']]),
      frame(TYPE.data, FLAG.endStream, 1, framed(Buffer.alloc(3))),
    );
    const { flags } = await client.until(({ type }) => type === TYPE.headers);
    expect(flags & FLAG.endStream).toBe(FLAG.endStream);
    await client.ping();
    await turn();
    expect(cancelled).toBe(1);
  });

  // Was a bug: the timer of the first one was forgotten, and kept the call for so long.
  it('leaves no timer behind for a call that says its time twice', async () => {
    const client = await rawClient({ unary: (_call, callback) => callback(null, Buffer.alloc(1)) });
    const before = timeouts();
    client.write(
      openCall(1, 'unary', [
        ['grpc-timeout', '1000S'],
        ['grpc-timeout', '1000S'],
      ]),
      frame(TYPE.data, FLAG.endStream, 1, framed(Buffer.alloc(3))),
    );
    await client.until(({ type, flags }) => type === TYPE.headers && (flags & FLAG.endStream) > 0);
    await client.ping();
    expect(timeouts()).toBeLessThanOrEqual(before);
  });

  it('that throws later harms no other call', async () => {
    const bug = new Error('a bug of the user');
    const { address, sockets } = await site.serve({
      unary: ({ request }, callback) => {
        if (request.length > 0) return callback(null, request);
        setImmediate(() => {
          throw bug;
        });
      },
    });
    const channel = site.channel(address);
    const broken = new RawCall(channel, { messages: [Buffer.alloc(0)] });
    await eventually(() => uncaught.errors).toEqual([bug]);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(broken.log).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  it('that throws in a listener harms no other call', async () => {
    const bug = new Error('a bug of the user');
    const { address, sockets } = await site.serve({
      unary: ({ request }, callback) => callback(null, request),
      bidi: (call) => {
        call.on('data', () => {
          throw bug;
        });
      },
      collect: (call) => {
        call.on('cancelled', () => {
          throw bug;
        });
      },
    });
    const channel = site.channel(address);
    void new RawCall(channel, { path: '/unit.Test/bidi', ends: false });
    const cancelled = new RawCall(channel, { path: '/unit.Test/collect', ends: false });
    await settled(channel);
    cancelled.call.cancelWithStatus(status.CANCELLED, 'no need');
    await eventually(() => uncaught.errors).toEqual([bug, bug]);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(sockets).toHaveLength(1);
  });

  // Was a bug: anything but a string went into the headers, which ended the process.
  it.each<[what: string, message: unknown, details: string]>([
    ['an array', ['one', 'two'], 'one,two'],
    ['a number', 7, '7'],
    ['an object', { a: 1 }, '[object Object]'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
  ])('may fail with %s for a message, as with grpc-js', async (_what, message, details) => {
    const { address } = await site.serve({
      unary: (_call, callback) => {
        const failure = { code: status.NOT_FOUND, message } as unknown as ServerErrorResponse;
        setImmediate(() => callback(failure));
      },
    });
    const call = new RawCall(site.channel(address), { deadline: Date.now() + 2000 });
    await call.ended;
    expect(uncaught.errors).toEqual([]);
    expect(call.code).toBe(status.NOT_FOUND);
    expect(call.details).toBe(details);
  });

  it.each(['list', 'bidi'])('may fail with any message on a stream, too: %s', async (method) => {
    const fail = (call: { emit(name: string, error: unknown): boolean }): void => {
      setImmediate(() => call.emit('error', { code: status.NOT_FOUND, message: ['one', 'two'] }));
    };
    const { address } = await site.serve({ list: fail, bidi: fail });
    const call = new RawCall(site.channel(address), {
      path: `/unit.Test/${method}`,
      deadline: Date.now() + 2000,
    });
    await call.ended;
    expect(uncaught.errors).toEqual([]);
    expect(call.details).toBe('one,two');
  });
});

describe('a message', () => {
  it('may be longer than the window, in either direction', async () => {
    const { address } = await site.serve({
      unary: ({ request }, callback) => callback(null, request),
    });
    const message = Buffer.alloc(3 * KiB * KiB, 'abc');
    const call = new RawCall(site.channel(address), { messages: [message] });
    expect(await call.ended).toBe(status.OK);
    expect(call.messages[0]!.equals(message)).toBe(true);
  });

  it('waits at its sender while nobody reads, and comes when somebody does', async () => {
    let served: ServerDuplexStream<Buffer, Buffer> | undefined;
    const { address } = await site.serve({ bidi: (call) => void (served = call) });
    const channel = site.channel(address);
    const call = stubOf(channel).bidi();
    call.on('error', () => {});
    await eventually(() => served).toBeDefined();
    let sent = 0;
    while (call.write(Buffer.alloc(64 * KiB)) && sent < 1000) {
      sent += 1;
      await settled(channel);
    }
    expect(sent).toBeLessThan(30);
    let isDrained = false;
    const drained = new Promise<void>((resolve) =>
      call.once('drain', () => {
        isDrained = true;
        resolve();
      }),
    );
    await settled(channel);
    expect(isDrained).toBe(false);
    served!.resume();
    await drained;
    call.cancel();
  });
});

describe('a response', () => {
  it('loses no trailers behind data that had to wait', async () => {
    const { address } = await site.serve({
      list: (call) => {
        for (let i = 0; i < 20; i += 1) call.write(Buffer.alloc(64 * KiB));
        call.emit('error', { code: status.DATA_LOSS, details: 'and more' });
      },
    });
    const channel = site.channel(address);
    const stream = stubOf(channel).list(Buffer.alloc(0));
    let failure: unknown;
    const failed = new Promise<void>((resolve) =>
      stream.once('error', (error) => {
        failure = error;
        resolve();
      }),
    );
    await settled(channel);
    let received = 0;
    stream.on('data', () => (received += 1));
    await failed;
    expect(failure).toMatchObject({ code: status.DATA_LOSS, details: 'and more' });
    expect(received).toBe(20);
  });

  it('that comes early stops a client that streams', async () => {
    const { address } = await site.serve({
      collect: (_call, callback) => callback({ code: status.ABORTED, details: 'enough' }),
    });
    const channel = site.channel(address);
    const stub = stubOf(channel);
    const state = { hasEnded: false };
    const ended = new Promise((resolve) => {
      const call = stub.collect((error) => {
        state.hasEnded = true;
        resolve(error?.details);
      });
      const writeOn = (): void => {
        while (!state.hasEnded && call.write(Buffer.alloc(16 * KiB)));
        // What is written to a call that is over is through at once: not without end on one turn.
        call.once('drain', () => setImmediate(writeOn));
      };
      writeOn();
    });
    expect(await ended).toBe('enough');
    expect(await new RawCall(channel, { path: '/unit.Test/nothing' }).ended).toBe(
      status.UNIMPLEMENTED,
    );
  });

  it('tells a client to stop that has not ended its request', async () => {
    const client = await rawClient({
      bidi: (call) => call.end(),
    });
    client.write(openCall(1, 'bidi'));
    const { payload } = await client.until(({ type }) => type === TYPE.rstStream);
    expect(payload.readUInt32BE()).toBe(0);
  });

  it('gives back the window of what nobody read, so that other calls go on', async () => {
    const { address, sockets } = await site.serve({
      unary: ({ request }, callback) => callback(null, request),
      bidi: (call) => call.end(),
    });
    const channel = site.channel(address);
    // All together are more than the window of the connection, which is 64 MiB.
    for (let i = 0; i < 300; i += 1) {
      await new RawCall(channel, {
        path: '/unit.Test/bidi',
        messages: [Buffer.alloc(250 * KiB)],
        ends: false,
      }).ended;
    }
    const message = Buffer.alloc(KiB * KiB);
    expect(await new RawCall(channel, { messages: [message] }).ended).toBe(status.OK);
    expect(sockets).toHaveLength(1);
  });

  it('gives back the window of what a client did not read, too', async () => {
    const { address, sockets } = await site.serve({
      unary: ({ request }, callback) => callback(null, request),
      list: (call) => call.write(Buffer.alloc(250 * KiB)),
    });
    const channel = site.channel(address);
    for (let i = 0; i < 300; i += 1) {
      const call = new RawCall(channel, { path: '/unit.Test/list' });
      await call.until('metadata');
      await call.until('message');
      call.call.cancelWithStatus(status.CANCELLED, 'no need');
      await call.ended;
    }
    const message = Buffer.alloc(KiB * KiB);
    expect(await new RawCall(channel, { messages: [message] }).ended).toBe(status.OK);
    expect(sockets).toHaveLength(1);
  });
});

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
