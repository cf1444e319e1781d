import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServerReadableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stubOf, type Stub } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';
import { builtInEngine } from '../../../lib/grpc/index.js';
import { YamuxSession } from '../../../lib/yamux/index.js';
import type { Handlers } from '../../fixtures/grpc/service.js';

/** More streams than have room in the window of the connection, with messages that fill their own. */
const STREAMS = 300;
const MESSAGE = Buffer.alloc(300 * 1024);

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** A stub of a server that has these handlers, over a connection of its own or a stream of yamux. */
async function serve(over: 'plain' | 'multiplexed', handlers: Partial<Handlers>): Promise<Stub> {
  const server = await site.serve(handlers);
  if (over === 'plain') return stubOf(site.channel(server.address));
  const { address } = await site.port((socket) => {
    new YamuxSession(socket, 'server').onStream((stream) => void server.grpc.serve(stream));
  });
  const port = Number(address.split(':').at(-1));
  const session = new YamuxSession(connect(port, '127.0.0.1'), 'client');
  const channel = builtInEngine.createStreamChannel(() => session.open(), {});
  site.after(() => channel.close());
  return stubOf(channel);
}

function unary(stub: Stub): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 15_000;
    stub.unary(Buffer.from('beside'), { deadline }, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    );
  });
}

describe.each(['plain', 'multiplexed'] as const)('a call beside unread streams, %s', (over) => {
  it('is answered, where they are responses', async () => {
    const stub = await serve(over, {
      unary: (call, callback) => callback(null, call.request),
      list: (call) => void call.write(MESSAGE),
    });
    const streams = Array.from({ length: STREAMS }, () => stub.list(Buffer.alloc(1)));
    const begun = streams.map((stream) => {
      stream.on('error', () => {}).pause();
      return once(stream, 'metadata');
    });
    await Promise.all(begun);

    // Somewhere among these all of them have come as far as their windows let them.
    for (let i = 0; i < 20; i += 1) expect(await unary(stub)).toBe('beside');
  });

  it('is answered, where they are requests, which come all the same when they are read', async () => {
    const calls: ServerReadableStream<Buffer, Buffer>[] = [];
    const stub = await serve(over, {
      unary: (call, callback) => callback(null, call.request),
      collect: (call) => void calls.push(call.on('error', () => {})),
    });
    for (let i = 0; i < STREAMS; i += 1) stub.collect(() => {}).write(MESSAGE);

    expect(await unary(stub)).toBe('beside');
    expect(await unary(stub)).toBe('beside');
    expect(calls).toHaveLength(STREAMS);
    const [message] = (await once(calls.at(-1)!, 'data')) as [Buffer];
    expect(message).toHaveLength(MESSAGE.length);
  });
});
