import { setTimeout as sleep } from 'node:timers/promises';
import type { Latencies, ManyPeersDialing } from './many-peers-dialing.js';
import { median } from './many-peers-median.js';
import { startDialing, startListening } from './many-peers.js';
import type { Remote } from './remote.js';
import type { ReliabilityScenario, Row } from './scenario.js';

const OTHERS = 10;
const CALLS_PER_SECOND = 200;
/** Milliseconds that a stall needs to have filled all that it can fill. */
const SETTLE_MS = 1500;
/** A p99 may be this many times that in peace, */
const LARGEST_RATIO = 1.1;
/** or later by so many milliseconds: timers are no finer. */
const SMALLEST_MS = 0.2;

type Callers = 'same' | 'others';
const CALLERS: readonly Callers[] = ['same', 'others'];
type P99s = Record<Callers, number[]>;

/** What stands still during every second phase. */
interface Stall {
  what: string;
  begin(site: Site): Promise<void>;
  end(site: Site): Promise<void>;
  /** Whose calls are looked at. */
  callers: readonly Callers[];
}

const STALLS: readonly Stall[] = [
  {
    what: 'a stream of 16 MiB whose reader has stopped',
    begin: ({ same }) => same.call('stall', 1),
    end: ({ same }) => same.call('relieve'),
    callers: CALLERS,
  },
  {
    what: '300 streams of 16 MiB that nobody reads',
    begin: ({ same }) => same.call('stall', 300),
    end: ({ same }) => same.call('relieve'),
    callers: CALLERS,
  },
  {
    what: '8 streams of 16 MiB whose readers were fast, and have stopped',
    begin: ({ same }) => same.call('readHalf', 8),
    end: ({ same }) => same.call('relieve'),
    callers: CALLERS,
  },
  {
    what: 'a peer that reads nothing more, with a stream of 16 MiB on its way',
    begin: async ({ frozen, frozenPid }) => {
      await frozen.call('stall', 1);
      process.kill(frozenPid, 'SIGSTOP');
    },
    end: async ({ frozen, frozenPid }) => {
      process.kill(frozenPid, 'SIGCONT');
      await frozen.call('relieve');
    },
    callers: ['others'],
  },
];

/** Peers in processes of their own. */
interface Site {
  /** One, which also gets the stream that nobody reads. */
  same: Remote<ManyPeersDialing>;
  others: Remote<ManyPeersDialing>;
  /** One, which is stopped as a whole. */
  frozen: Remote<ManyPeersDialing>;
  frozenPid: number;
}

/** What one stream or peer that stands still does to the calls of everybody else. */
export const headOfLine: ReliabilityScenario = {
  name: 'head-of-line',
  title: 'One that stands still, and all others',
  run: async (quick) => {
    const [rounds, ms] = quick ? [1, 1000] : [9, 4000];
    const listening = await startListening();
    const [same, others, frozen] = await Promise.all([
      startDialing(),
      startDialing(),
      startDialing(),
    ]);
    try {
      const port = await listening.call('listen', 'peers');
      for (const end of [same, frozen]) await end.call('connect', 'peers', port, 1);
      await others.call('connect', 'peers', port, OTHERS);
      const site: Site = { same, others, frozen, frozenPid: await frozen.call('pid') };
      await phase(site, ms); // Code gets compiled.
      const rows: Row[] = [];
      for (const stall of STALLS) rows.push(...(await tryOne(stall, site, rounds, ms, quick)));
      return rows;
    } finally {
      await Promise.all(
        [listening, same, others, frozen].map((end: Remote<object>) => end.close()),
      );
    }
  },
};

/** Peace and stall take turns, so that what else the machine does is in both. */
async function tryOne(
  stall: Stall,
  site: Site,
  rounds: number,
  ms: number,
  quick: boolean,
): Promise<Row[]> {
  const peace: P99s = { same: [], others: [] };
  const stalled: P99s = { same: [], others: [] };
  let lost = 0;
  for (let round = 0; round < rounds; round++) {
    lost += note(peace, await phase(site, ms));
    await stall.begin(site);
    await sleep(SETTLE_MS);
    lost += note(stalled, await phase(site, ms));
    await stall.end(site);
    await sleep(SETTLE_MS);
  }
  return stall.callers.map((callers) => {
    const p99 = { peaceMs: median(peace[callers]), attackMs: median(stalled[callers]) };
    if (!quick) check(stall, callers, p99);
    return rowOf(stall, callers, p99, { rounds, ms, lost });
  });
}

/** Calls of all, for a while. */
async function phase({ same, others }: Site, ms: number): Promise<Record<Callers, Latencies>> {
  await same.call('begin', CALLS_PER_SECOND);
  await others.call('begin', CALLS_PER_SECOND);
  await sleep(ms);
  const [ofSame, ofOthers] = await Promise.all([same.call('end'), others.call('end')]);
  return { same: ofSame, others: ofOthers };
}

/** @returns the calls that were lost. */
function note(p99s: P99s, latencies: Record<Callers, Latencies>): number {
  for (const callers of CALLERS) p99s[callers].push(latencies[callers].p99);
  return latencies.same.lost + latencies.others.lost;
}

/** @throws Error if the stall was felt. */
function check({ what }: Stall, callers: Callers, p99: NonNullable<Row['p99']>): void {
  const { peaceMs, attackMs } = p99;
  if (attackMs <= peaceMs * LARGEST_RATIO || attackMs - peaceMs <= SMALLEST_MS) return;
  throw new Error(`${what}: p99 of ${callers} is ${attackMs} ms, in peace ${peaceMs} ms`);
}

function rowOf(
  { what }: Stall,
  callers: Callers,
  p99: NonNullable<Row['p99']>,
  { rounds, ms, lost }: { rounds: number; ms: number; lost: number },
): Row {
  const whose = callers === 'same' ? 'calls on the same connection' : 'calls of other peers';
  const change = Math.round((p99.attackMs / p99.peaceMs - 1) * 100);
  return {
    what: `${what}: ${whose}`,
    times: `${rounds} times ${ms / 1000} s, in turn with peace`,
    lost: callers === 'others' ? lost : 0,
    p99,
    note: `medians of ${rounds} p99s: ${change > 0 ? '+' : ''}${change} %`,
  };
}
