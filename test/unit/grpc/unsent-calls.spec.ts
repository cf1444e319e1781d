import { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { grpcJsEngine } from '../../../lib/grpc/index.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { Site } from '../../fixtures/grpc/site.js';

const SETTINGS = Buffer.from('000000040000000000', 'hex');

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

it('calls of grpc-js fail with UNAVAILABLE while the connection goes', async () => {
  const streams: Duplex[] = [];
  const channel = grpcJsEngine.createStreamChannel(async () => {
    if (streams.length > 0) throw new Error('there is no other');
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    stream.push(SETTINGS);
    streams.push(stream);
    return stream;
  });
  site.after(() => channel.close());
  const first = new RawCall(channel);
  while (streams[0]?.listenerCount('data') !== 1) await new Promise(setImmediate);

  const calls = [first];
  const closed = new Promise((resolve) => streams[0]!.once('close', resolve));
  streams[0].destroy(new Error('the network is down'));
  for (let tick = 0; tick < 30; tick += 1) {
    calls.push(new RawCall(channel));
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }
  await closed;

  const codes = await Promise.all(calls.map(({ ended }) => ended));
  expect(new Set(codes)).toEqual(new Set([status.UNAVAILABLE]));
});
