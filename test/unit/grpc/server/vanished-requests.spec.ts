import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionInfo } from '../../../../lib/grpc/index.js';
import { MemoryConnection } from '../../../../lib/testing/memory-connection.js';
import { engines } from '../../../fixtures/engines.js';
import { openCall } from '../../../fixtures/grpc/raw-request.js';
import { service } from '../../../fixtures/grpc/service.js';
import {
  FLAG,
  frame,
  number32,
  PREFACE,
  REQUEST,
  TYPE,
} from '../../../fixtures/http2/raw-client.js';
import { Uncaught } from '../../../fixtures/http2/uncaught.js';

const INTERNAL_ERROR = 2;
const CANCEL = 8;
const GREETING = Buffer.concat([
  PREFACE,
  frame(TYPE.settings, 0, 0),
  frame(TYPE.settings, FLAG.ack, 0),
]);

/** A request for each way in which it is answered. */
const REQUESTS: [string, Buffer][] = [
  ['for a method that is served', openCall(1, 'unary')],
  ['for an unknown method', openCall(1, 'nothing')],
  ['that is no gRPC', frame(TYPE.headers, FLAG.endHeaders, 1, REQUEST)],
];

/** Bytes that take the request back, sent together with it. */
const VANISHINGS: [string, Buffer | 'cut'][] = [
  ['is cancelled', frame(TYPE.rstStream, 0, 1, number32(CANCEL))],
  ['is reset', frame(TYPE.rstStream, 0, 1, number32(INTERNAL_ERROR))],
  ['is followed by a frame of no meaning', frame(TYPE.windowUpdate, 0, 0, number32(0))],
  ['is followed by too much credit', frame(TYPE.windowUpdate, 0, 0, number32(0x7fffffff))],
  ['is followed by GOAWAY', frame(TYPE.goAway, 0, 0, Buffer.alloc(8))],
  ['is followed by half a frame', frame(TYPE.data, 0, 1, Buffer.alloc(100)).subarray(0, 50)],
  ['comes right before the connection is cut', 'cut'],
];

/** Both ends of a connection. */
const CARRIERS: [string, () => Promise<[near: Duplex, far: Duplex]>][] = [
  [
    'a socket',
    async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const accepted = once(server, 'connection') as Promise<[Duplex]>;
      const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
      await once(far, 'connect');
      const [near] = await accepted;
      server.close();
      return [near, far];
    },
  ],
  ['a stream', () => Promise.resolve(MemoryConnection.pair())],
];

describe.each(engines)('a request to the engine $name', (engine) => {
  let uncaught: Uncaught;

  beforeEach(() => {
    uncaught = new Uncaught();
  });

  afterEach(() => uncaught.release());

  it.each(
    CARRIERS.flatMap(([over, create]) =>
      REQUESTS.flatMap(([what, request]) =>
        VANISHINGS.map(([how, end]) => [over, what, how, create, request, end] as const),
      ),
    ),
  )('over %s, %s, that %s, harms nobody', async (_over, _what, _how, create, request, end) => {
    const server = engine.createServer();
    server.addService(service, {});
    const [near, far] = await create();
    far.on('error', () => {});
    far.resume();
    server.serve(near, new ConnectionInfo(near));

    const closed = once(far, 'close');
    far.write(Buffer.concat(end === 'cut' ? [GREETING, request] : [GREETING, request, end]));
    const turns = end === 'cut' ? 1 : 5;
    for (let i = 0; i < turns; i += 1) await nextTurn();
    far.destroy();
    await closed;
    for (let i = 0; i < 5; i += 1) await nextTurn();
    server.forceShutdown();
    await nextTurn();

    expect(uncaught.errors).toEqual([]);
  });
});
