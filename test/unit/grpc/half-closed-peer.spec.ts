import { Duplex } from 'node:stream';
import { connectivityState } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { ConnectionInfo, grpcJsEngine, type DialChannel } from '../../../lib/grpc/index.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from('000000040000000000', 'hex');

/** A stream whose peer takes what is written, but never the end of it. */
class EndlessStream extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    setImmediate(callback);
  }

  override _final(): void {}
}

const someTurns = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
};

async function connected(channel: DialChannel): Promise<void> {
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return;
    await new Promise((resolve) => channel.watchConnectivityState(state, Infinity, resolve));
  }
}

it('a server of grpc-js is shut down though a peer ended its stream and takes no more', async () => {
  const server = grpcJsEngine.createServer();
  const stream = new EndlessStream();
  server.serve(stream, new ConnectionInfo(stream));
  stream.push(Buffer.concat([PREFACE, SETTINGS]));
  await someTurns();

  stream.push(null);
  await someTurns();
  expect(stream.writableEnded).toBe(true);
  server.forceShutdown();
  await someTurns();

  expect(stream.destroyed).toBe(true);
});

it('a channel of grpc-js survives a peer that ended its stream and takes no more', async () => {
  const streams: EndlessStream[] = [];
  const channel = grpcJsEngine.createStreamChannel(
    async () => {
      const stream = new EndlessStream();
      streams.push(stream);
      stream.push(SETTINGS);
      return stream;
    },
    {
      'grpc.keepalive_time_ms': 20,
      'grpc.keepalive_timeout_ms': 20,
      'grpc.keepalive_permit_without_calls': 1,
    },
  );
  await connected(channel);

  streams[0]!.push(null);
  await new Promise((resolve) => streams[0]!.once('close', resolve));
  channel.close();

  expect(streams[0]!.destroyed).toBe(true);
});
