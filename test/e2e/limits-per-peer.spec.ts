import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { credentials, status, type ServerOptions } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ClientHandshaker } from 'nestjs-backchannel';
import { engineOf } from 'nestjs-backchannel/core';
import { Http2Connection, type Http2Stream } from '../../lib/http2/index.js';
import { YamuxSession } from '../../lib/yamux/index.js';
import { take } from '../fixtures/grpc/answers.js';
import { framed } from '../fixtures/grpc/framed.js';
import { service, type Handlers } from '../fixtures/grpc/service.js';
import { eventually } from '../fixtures/nest/eventually.js';
import { closing } from '../fixtures/nest/in-test.js';

const isGrpcJs = engineOf().name === 'grpc-js';

/** A call back that the listening side has begun. */
interface CallBack {
  stream: Http2Stream;
  /** Its `grpc-status`, or -1 if it ended without one. */
  code: number | undefined;
}

/** A connection of HTTP/2 in a stream of its own: `begin` calls back on it. */
interface BackStream {
  /** Whether the dialing side has cut it. */
  isCut: boolean;
  begin(bytes?: Uint8Array): CallBack;
  /** Gives the stream up, and all calls with it. */
  reset(): void;
}

/** A listening side that opens as many streams as it likes to a dialing side with these options. */
async function startHub(options: ServerOptions, unary: Handlers['unary']) {
  const listener = closing(createServer().listen(0, '127.0.0.1'));
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const engine = engineOf();
  const handshaker = closing(
    new ClientHandshaker(
      () => {
        const server = engine.createServer(options);
        server.addService({ unary: service.unary }, { unary });
        return server;
      },
      { engine },
    ),
  );
  const channel = closing(
    handshaker.createChannel(`127.0.0.1:${port}`, credentials.createInsecure()),
  );
  channel.getConnectivityState(true);
  const [socket] = (await once(listener, 'connection')) as [Socket];
  await once(socket, 'readable');
  socket.read('backchannel'.length);
  const session = new YamuxSession(socket, 'server');
  closing({ close: () => session.destroy() });
  session.onStream((stream) => new Http2Connection(stream, 'server', {}));
  return async (): Promise<BackStream> => openBack(await session.open());
}

async function openBack(stream: Awaited<ReturnType<YamuxSession['open']>>): Promise<BackStream> {
  const back: BackStream = {
    isCut: false,
    begin: (bytes) => begin(connection, bytes),
    reset: () => void stream.destroy(),
  };
  let isReady = false;
  stream.once('close', () => (back.isCut = true));
  const connection = new Http2Connection(stream, 'client', { onReady: () => (isReady = true) });
  await eventually(() => isReady || back.isCut).toBe(true);
  return back;
}

const HEADERS = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/unit.Test/unary'],
  [':authority', 'here'],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
].flat();

/** @param bytes - what is sent of the request, whose end never comes. Default: all of an empty one. */
function begin(connection: Http2Connection, bytes?: Uint8Array): CallBack {
  const call = { code: undefined } as CallBack;
  const note = (headers: readonly string[]): void => {
    const at = headers.indexOf('grpc-status');
    if (at >= 0) call.code = Number(headers[at + 1]);
  };
  const listener = {} as Http2Stream;
  take(listener, {
    onHeaders: note,
    onTrailers: note,
    onData: (_chunk, start, end) => call.stream.consume(end - start),
    onClose: () => (call.code ??= -1),
  });
  call.stream = connection.request(HEADERS, listener.listener);
  const sent = bytes ?? framed(Buffer.alloc(0));
  call.stream.write([sent], sent.length, bytes === undefined);
  return call;
}

describe('a listening side that opens several streams', () => {
  // grpc-js leaves it to node:http2, whose account ends with its session.
  it.skipIf(isGrpcJs)('cannot begin calls without end by giving their streams up', async () => {
    const MANY = 5000;
    let begun = 0;
    const open = await startHub({}, () => void (begun += 1));
    const storm = async (): Promise<void> => {
      for (let round = 1; round <= 20; round += 1) {
        const back = await open();
        for (let i = 0; i < MANY; i += 1) back.begin();
        await eventually(() => begun >= round * MANY || back.isCut).toBe(true);
        if (back.isCut) throw new Error('the session is over');
        back.reset();
      }
    };

    await expect(storm()).rejects.toThrow();

    // 20,000 at once, 1000 a second, and those that had begun by then.
    expect(begun).toBeLessThan(8 * MANY);
  });

  it('has no more calls under way than on one', async () => {
    const answers: (() => void)[] = [];
    const open = await startHub({ 'grpc.max_concurrent_streams': 1 }, (_call, callback) => {
      answers.push(() => callback(null, Buffer.alloc(0)));
    });
    const [first, second] = [await open(), await open()];
    const held = first.begin();
    await eventually(() => answers.length).toBe(1);

    expect(await codeOf(second.begin())).not.toBe(status.OK);
    expect(answers).toHaveLength(1);

    answers[0]!();
    expect(await codeOf(held)).toBe(status.OK);
    const next = second.begin();
    await eventually(() => answers.length).toBe(2);
    answers[1]!();
    expect(await codeOf(next)).toBe(status.OK);
  });

  // With grpc-js what Node calls maxSessionMemory is a limit for each stream.
  it.skipIf(isGrpcJs)('has it keep no more of messages that are not complete', async () => {
    const open = await startHub({ 'grpc-node.max_session_memory': 1 }, () => {});
    const most = framed(Buffer.alloc(600_000)).subarray(0, -1);
    const [first, second] = [await open(), await open()];

    const held = first.begin(most);
    const tooMuch = second.begin(most);

    await eventually(() => [held.code, tooMuch.code]).toContain(status.RESOURCE_EXHAUSTED);
    expect([held.code, tooMuch.code]).toContain(undefined);
  });

  it('has four of them at once, and more one after the other', async () => {
    const open = await startHub({}, (_call, callback) => callback(null, Buffer.alloc(0)));
    const streams = [await open(), await open(), await open(), await open()];

    await eventually(async () => (await open()).isCut).toBe(true);

    for (const stream of streams) expect(await codeOf(stream.begin())).toBe(status.OK);
  });
});

async function codeOf(call: CallBack): Promise<number> {
  await eventually(() => call.code).toBeDefined();
  return call.code!;
}
