import { once } from 'node:events';
import type { Socket } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { ListenMuxServerOptions } from 'nestjs-backchannel';
import { FLAG, frame, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';
import { literals } from '../../fixtures/grpc/raw-request.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { securities } from '../../fixtures/nest/tls.js';
import { D } from '../../fixtures/raw-peer.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };

/** Milliseconds between two bytes of who says as little as possible. */
const TRICKLE_MS = 20;

/** What a client says that wants to stay in one stage: some bytes at once, others one after the other. */
type Stage = [name: string, atOnce: Buffer[], slowly?: Buffer[]];

const SETTINGS = frame(TYPE.settings, 0, 0);
/** Headers of a request that are never complete. */
const HALF_HEADERS = frame(TYPE.headers, FLAG.endStream, 1, literals([[':method', 'POST']]));
/** A frame that goes on with them, longer than anybody waits for. */
const CONTINUATION = frame(TYPE.continuation, 0, 1, Buffer.alloc(4096));

const handshakes: Stage[] = [
  ['silence', []],
  ['the magic, byte by byte', [], singly(MAGIC.subarray(0, 10))],
  ['the magic and nothing more', [MAGIC]],
  ['half of a yamux header', [MAGIC, OPEN.subarray(0, 5)]],
];

const multiplexed: Stage[] = [
  ['a stream without HTTP/2', [MAGIC, OPEN]],
  ['a stream whose preface comes byte by byte', [MAGIC, OPEN], inFrames(PREFACE)],
  ['HTTP/2 that acknowledges nothing', [MAGIC, OPEN, GREETING]],
  ['half of the headers of a call', [MAGIC, OPEN, GREETING, D(0, 1, HALF_HEADERS)]],
  [
    'headers that go on byte by byte',
    [MAGIC, OPEN, GREETING, D(0, 1, HALF_HEADERS)],
    inFrames(CONTINUATION),
  ],
  ['half of a yamux frame', [MAGIC, OPEN, GREETING, D(0, 1, Buffer.alloc(64)).subarray(0, 20)]],
];

const plain: Stage[] = [
  ['a plain client’s first letter', [PREFACE.subarray(0, 1)]],
  ['a plain preface, byte by byte', [], singly(PREFACE)],
  ['plain HTTP/2 that acknowledges nothing', [PREFACE, SETTINGS]],
  ['plain half of the headers of a call', [PREFACE, SETTINGS, HALF_HEADERS]],
  [
    'plain headers that go on byte by byte',
    [PREFACE, SETTINGS, HALF_HEADERS],
    singly(CONTINUATION),
  ],
];

/** Each byte by itself. */
function singly(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}

/** Each byte in a frame of its own: nobody waits for the rest of one. */
function inFrames(bytes: Buffer): Buffer[] {
  return singly(bytes).map((byte) => D(0, 1, byte));
}

/** Starts to stay in a stage. */
function linger(port: number, [, atOnce, slowly = []]: Stage): Socket {
  const socket = rawDialer(port, ...atOnce);
  const left = slowly.values();
  const timer = setInterval(() => {
    const { value, done } = left.next();
    if (done) clearInterval(timer);
    else socket.write(value);
  }, TRICKLE_MS);
  closing({ close: () => clearInterval(timer) });
  return socket;
}

describe('a client that stays in one stage for as long as it can', () => {
  /** A listening side with a client that is there all the time; `linger` gives what ends when. */
  async function startWatched(options: Partial<ListenMuxServerOptions>) {
    const listener = await startListener({ ...services, ...options }, parts);
    const client = securities.insecure.client;
    const bystander = await startDialer(
      { url: listener.url, ...services, credentials: client },
      parts,
    );
    const calls = bystander.client.getService<Calls>('Calls');
    const back = listener.registry.get(1)!.getService<Calls>('Calls');
    const isServed = async () => {
      for (const direction of [calls, back]) {
        expect(await firstValueFrom(direction.echo({ text: 'hello' }))).toMatchObject({
          text: 'hello',
        });
      }
    };
    return { ...listener, isServed };
  }

  it.each(handshakes)('is ended by handshakeTimeoutMs: %s', async (...stage) => {
    const { port, isServed } = await startWatched({ handshakeTimeoutMs: 300 });
    const startedAt = performance.now();
    const socket = linger(port, stage);
    const closed = once(socket, 'close').then(() => performance.now());

    await isServed();
    // A machine that is too busy to serve within the limit may close it meanwhile.
    if (performance.now() - startedAt < 290) expect(socket.destroyed).toBe(false);

    expect((await soon(closed)) - startedAt).toBeGreaterThan(290);
    await isServed();
  });

  it('is ended by keepalive in every stage behind the handshake', async () => {
    const { port, registry, isServed } = await startWatched({
      handshakeTimeoutMs: 300,
      keepalive: { keepaliveTimeMs: 300, keepaliveTimeoutMs: 1000 },
      drainMs: 300,
    });
    const stages = [...multiplexed, ...plain];
    const ended: string[] = [];
    for (const stage of stages) {
      linger(port, stage).once('close', () => ended.push(stage[0]));
    }

    await eventually(() => registry.size).toBe(1 + multiplexed.length);
    await isServed();
    expect(ended).toEqual([]);

    await eventually(() => [...ended].sort()).toEqual(stages.map(([name]) => name).sort());
    await eventually(() => registry.size).toBe(1);
    await isServed();
  });
});
