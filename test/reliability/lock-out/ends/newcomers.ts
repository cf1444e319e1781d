// Well-behaved dialing sides that connect for the first time while the port is under attack.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { D, SYN, W } from '../../../fixtures/yamux-frames.js';
import { GREETING, MAGIC, SETTINGS_ACK, wholeCall } from '../../attacks/frames.js';
import { serveEnd } from '../../remote.js';

/** Milliseconds; the wait before the next try is anything up to it, as that of a dialing side. */
const BACKOFF_MS = 1000;
/** Milliseconds that a try may take. */
const TRY_MS = 5000;
/** In the echo of the call that each one makes. */
const ECHO = Buffer.alloc(64, 'x');
const FIRST_WORDS = Buffer.concat([
  MAGIC,
  W(SYN, 1, 0),
  D(0, 1, Buffer.concat([GREETING, SETTINGS_ACK, wholeCall(1, 'Echo', ECHO.length)])),
]);

/** Whether each has an address of its own, or all have the same one. */
export type Addresses = 'many' | 'one';

/** How newcomers come. */
export interface Arrival {
  port: number;
  count: number;
  addresses: Addresses;
  perSecond: number;
  /** Milliseconds after which nobody tries again. */
  ms: number;
}

/** What came of it. */
export interface Reception {
  served: number;
  /** Served without a second try. */
  servedAtOnce: number;
  /** Milliseconds from the first try to the echo, of those that were served. */
  p50: number;
  max: number;
}

export class NewcomersEnd {
  /** Resolves when each has been served, or has given up. */
  async come({ port, count, addresses, perSecond, ms }: Arrival): Promise<Reception> {
    const until = performance.now() + ms;
    const coming: Promise<Newcomer>[] = [];
    for (let i = 0; i < count; i++) {
      coming.push(comeIn(port, addressOf(addresses, i), until));
      if (i % 10 === 9) await sleep(10_000 / perSecond);
    }
    const all = await Promise.all(coming);
    const waits = all.flatMap(({ waitedMs }) => waitedMs ?? []).sort((a, b) => a - b);
    return {
      served: waits.length,
      servedAtOnce: all.filter(({ tries, waitedMs }) => tries === 1 && waitedMs !== undefined)
        .length,
      p50: waits[waits.length >> 1] ?? 0,
      max: waits.at(-1) ?? 0,
    };
  }
}

interface Newcomer {
  tries: number;
  /** Undefined for those that were not served. */
  waitedMs?: number;
}

async function comeIn(port: number, address: string, until: number): Promise<Newcomer> {
  const startedAt = performance.now();
  for (let tries = 1; ; tries++) {
    if (await tryOnce(port, address)) return { tries, waitedMs: performance.now() - startedAt };
    await sleep(Math.random() * BACKOFF_MS);
    if (performance.now() > until) return { tries };
  }
}

/** Calls once, and hangs up when the echo is there. */
async function tryOnce(port: number, localAddress: string): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
  socket.setTimeout(TRY_MS, () => socket.destroy());
  socket.write(FIRST_WORDS);
  const isServed = await hears(socket, ECHO);
  socket.destroy();
  return isServed;
}

function hears(socket: Socket, words: Buffer): Promise<boolean> {
  let heard = Buffer.alloc(0);
  return new Promise((resolve) => {
    socket.on('error', () => {}); // The close says it.
    socket.once('close', () => resolve(false));
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.includes(words)) resolve(true);
    });
  });
}

function addressOf(addresses: Addresses, i: number): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  return addresses === 'one' ? '127.0.1.1' : `127.0.${2 + (i >> 7)}.${1 + (i & 127)}`;
}

process.setSourceMapsEnabled(false);
serveEnd(new NewcomersEnd());
