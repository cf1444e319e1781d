import { setTimeout as sleep } from 'node:timers/promises';
import type { ManyPeersDialing } from './many-peers-dialing.js';
import type { ManyPeersListening, Memory } from './many-peers-listening.js';
import { median } from './many-peers-median.js';
import type { System } from './many-peers-system.js';
import { Remote } from './remote.js';
import type { ReliabilityScenario, Row } from './scenario.js';

const MiB = 1024 * 1024;
const KiB = 1024;

const BUSY = 50;
/** Of all busy ones together. */
const CALLS_PER_SECOND = 500;
/** Idle ones in one process. */
const PER_PROCESS = 1000;
/** Of one idle peer that has called and was called, as the system sees it. */
const BOUND_KIB = 150;

/** A listening process with all of its clients. */
class Crowd {
  readonly delays: number[] = [];
  readonly p99s: number[] = [];
  lost = 0;
  /** Bytes of one idle connection: when it has called, and when it was called, too. */
  perIdle: Memory[] = [];

  private constructor(
    readonly listening: Remote<ManyPeersListening>,
    readonly port: number,
    readonly system: System,
    readonly idle: Remote<ManyPeersDialing>[],
    readonly busy: Remote<ManyPeersDialing>,
  ) {}

  static async start(system: System, count: number): Promise<Crowd> {
    const listening = await startListening();
    const port = await listening.call('listen', system);
    const processes = Math.ceil(count / PER_PROCESS);
    const idle = await Promise.all(Array.from({ length: processes }, () => startDialing()));
    const crowd = new Crowd(listening, port, system, idle, await startDialing());
    await crowd.#gather(count);
    return crowd;
  }

  /** The busy ones call for a while. */
  async bustle(ms: number): Promise<void> {
    await this.listening.call('beginDelay');
    await this.busy.call('begin', CALLS_PER_SECOND);
    await sleep(ms);
    const { lost, p99 } = await this.busy.call('end');
    this.delays.push(await this.listening.call('endDelay'));
    this.p99s.push(p99);
    this.lost += lost;
  }

  async close(): Promise<void> {
    await Promise.all([this.listening, this.busy, ...this.idle].map((end) => end.close()));
  }

  async #gather(count: number): Promise<void> {
    const { listening, port, system } = this;
    // What is made once is no part of what one more costs.
    await this.busy.call('connect', system, port, BUSY);
    if (system === 'peers') await listening.call('callEverybody');
    const before = await listening.call('memory');
    const each = count / this.idle.length;
    await Promise.all(this.idle.map((end) => end.call('connect', system, port, each)));
    this.perIdle.push(difference(await listening.call('memory'), before, count));
    if (system === 'plain') return;
    await listening.call('callEverybody');
    this.perIdle.push(difference(await listening.call('memory'), before, count));
    if ((await listening.call('peers')) !== count + BUSY) throw new Error('peers are missing');
  }
}

/** 2,000 idle connections and 50 busy ones, of peers and of the stock server of grpc-js, in turn. */
export const manyPeers: ReliabilityScenario = {
  name: 'many-peers',
  title: 'Many peers in one process',
  run: async (quick) => {
    const count = quick ? 400 : 2000;
    const [rounds, ms] = quick ? [1, 2000] : [5, 5000];
    const crowds: Crowd[] = [];
    try {
      for (const system of ['peers', 'plain'] as const) {
        crowds.push(await Crowd.start(system, count));
      }
      for (let round = 0; round < rounds; round++) {
        for (const crowd of crowds) await crowd.bustle(ms);
      }
      return rowsOf(crowds[0]!, crowds[1]!, count);
    } finally {
      await Promise.all(crowds.map((crowd) => crowd.close()));
    }
  },
};

function rowsOf(peers: Crowd, plain: Crowd, count: number): Row[] {
  const what = `${count.toLocaleString('en')} idle peers, ${BUSY} busy ones`;
  const [called, both] = peers.perIdle;
  const stock = plain.perIdle[0]!;
  return [
    {
      what: `${what}: memory of one idle peer that has called`,
      times: `${count} peers`,
      lost: peers.lost,
      memory: { boundMiB: (count * BOUND_KIB * KiB) / MiB, peakMiB: (called!.rss * count) / MiB },
      note: compared(called!, stock),
    },
    {
      what: `${what}: memory of one that was called, too`,
      times: `${count} peers`,
      lost: 0,
      memory: { boundMiB: (count * BOUND_KIB * KiB) / MiB, peakMiB: (both!.rss * count) / MiB },
      note: compared(both!, stock),
    },
    {
      what: `${what}: delay of the event loop, p99`,
      times: `${peers.delays.length} rounds, ${CALLS_PER_SECOND} calls/s`,
      lost: plain.lost,
      note: [
        inTurn('event loop p99', peers.delays, plain.delays),
        inTurn('calls p99', peers.p99s, plain.p99s),
      ].join('; '),
    },
  ];
}

function compared(ours: Memory, stock: Memory): string {
  const of = (what: keyof Memory): string =>
    `${what} ${kib(ours[what])} KiB, a connection of grpc-js ${kib(stock[what])} KiB: ` +
    `${(ours[what] / stock[what]).toFixed(2)} times`;
  return `${of('heap')}; ${of('rss')}`;
}

function inTurn(what: string, ours: readonly number[], stock: readonly number[]): string {
  const [a, b] = [median(ours), median(stock)];
  return `${what} ${a.toFixed(2)} ms, grpc-js ${b.toFixed(2)} ms: ${(a / b).toFixed(2)} times`;
}

function kib(bytes: number): string {
  return (bytes / KiB).toFixed(1);
}

function difference(after: Memory, before: Memory, count: number): Memory {
  return { rss: (after.rss - before.rss) / count, heap: (after.heap - before.heap) / count };
}

export function startListening(): Promise<Remote<ManyPeersListening>> {
  return Remote.start('listening', new URL('many-peers-listening.js', import.meta.url));
}

export function startDialing(): Promise<Remote<ManyPeersDialing>> {
  return Remote.start('dialing', new URL('many-peers-dialing.js', import.meta.url));
}
