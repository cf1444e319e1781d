import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Http2Connection } from '../../../lib/http2/index.js';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { FuzzSocket } from '../../fuzz/fuzz-socket.js';
import { openRequest, Recorder, settings } from '../../fixtures/http2/connections.js';
import { PREFACE } from '../../fixtures/http2/raw-client.js';
import { SYN, W } from '../../fixtures/yamux-frames.js';

const COUNT = 240;

let now = 0;
let socket: FuzzSocket;
/** Streams that the connection under test has told of. */
let streams = 0;

/** Each stream that the peer opens takes a millisecond. */
function onStream(): void {
  streams += 1;
  now += 1;
}

beforeEach(() => {
  now = 1000;
  streams = 0;
  socket = new FuzzSocket();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => vi.restoreAllMocks());

describe.each<[string, () => { destroy(): void }, Buffer]>([
  [
    'yamux',
    () => {
      const session = new YamuxSession(socket, 'server');
      session.onStream(onStream);
      return session;
    },
    Buffer.concat(Array.from({ length: COUNT }, (_, i) => W(SYN, 2 * i + 1, 0))),
  ],
  [
    'HTTP/2',
    () =>
      new Http2Connection(socket, 'server', {
        onClose() {},
        onRequest(stream) {
          stream.listener = new Recorder();
          onStream();
        },
      }),
    Buffer.concat([
      PREFACE,
      settings(),
      ...Array.from({ length: COUNT }, (_, i) => openRequest(2 * i + 1)),
    ]),
  ],
])('a connection of %s', (_name, create, bytes) => {
  it('lets others have their turn while it reads one chunk that takes long', async () => {
    const connection = create();
    const told: number[] = [];

    socket.receive(bytes);
    told.push(streams);
    for (let turn = 0; turn < COUNT; turn += 1) {
      await new Promise(setImmediate);
      told.push(streams);
    }

    expect(streams).toBe(COUNT);
    const most = Math.max(...told.map((count, i) => count - (told[i - 1] ?? 0)));
    expect(most).toBeLessThan(COUNT / 2);
    connection.destroy();
  });

  it('reads no more of a chunk once it is destroyed', async () => {
    const connection = create();

    socket.receive(bytes);
    connection.destroy();
    const before = streams;
    for (let i = 0; i < 10; i += 1) await new Promise(setImmediate);

    expect(before).toBeGreaterThan(0);
    expect(streams).toBe(before);
    expect(socket.destroyed).toBe(true);
  });
});
