import { setTimeout as sleep } from 'node:timers/promises';
import type { ManyPeersListening } from './many-peers-listening.js';
import { startDialing, startListening } from './many-peers.js';
import type { Remote } from './remote.js';
import type { ReliabilityScenario, Row } from './scenario.js';

const MiB = 1024 * 1024;
const PROCESSES = 2;
/** Milliseconds that nobody listens, while the process is started again and longer. */
const GONE_MS = 2000;
/** Milliseconds until all have to be back: the longest pauses that they draw are a few seconds. */
const PATIENCE_MS = 60_000;
const POLL_MS = 20;
const BIN_MS = 100;
const BINS_SHOWN = 50;
/** Share of all that may come within a tenth of a second; evenly spread over a second it is a tenth. */
const LARGEST_SHARE = 0.25;
/** A whole process with 2,000 peers; a fresh one has 90. */
const BOUND_MIB = 500;

interface Return {
  backMs: number;
  rssMiB: number;
  /** How many came in each tenth of a second. */
  bins: number[];
}

/** All peers lose their connection in the same instant: their process is killed, or only they are cut. */
export const reconnectHerd: ReliabilityScenario = {
  name: 'reconnect-herd',
  title: 'All peers come back at once',
  run: async (quick) => {
    const count = quick ? 400 : 2000;
    const dialing = await Promise.all(Array.from({ length: PROCESSES }, () => startDialing()));
    let listening = await startListening();
    try {
      const port = await listening.call('listen', 'peers');
      await Promise.all(
        dialing.map((end) => end.call('connect', 'peers', port, count / PROCESSES)),
      );
      const cut = await cutAll(listening, count);
      await listening.close();
      await sleep(GONE_MS);
      listening = await startListening();
      const restarted = await restart(listening, port, count);
      return [
        rowOf(`${count} peers are cut, and the port stays open`, count, cut),
        rowOf(
          `${count} peers, whose listening process is killed and started again`,
          count,
          restarted,
        ),
      ];
    } finally {
      await Promise.all([listening, ...dialing].map((end: Remote<object>) => end.close()));
    }
  },
};

async function cutAll(listening: Remote<ManyPeersListening>, count: number): Promise<Return> {
  const cutAt = await listening.call('cut');
  return back(listening, count, cutAt);
}

async function restart(
  listening: Remote<ManyPeersListening>,
  port: number,
  count: number,
): Promise<Return> {
  await listening.call('listen', 'peers', port);
  return back(listening, count, Date.now());
}

/** @throws Error if some do not come back, or come in a herd. */
async function back(
  listening: Remote<ManyPeersListening>,
  count: number,
  startedAt: number,
): Promise<Return> {
  let peers = 0;
  while (peers < count) {
    if (Date.now() > startedAt + PATIENCE_MS) throw new Error(`only ${peers} of ${count} are back`);
    await sleep(POLL_MS);
    // Those that were cut may not have left yet.
    if ((await listening.call('arrivals')).length < count) continue;
    peers = await listening.call('peers');
  }
  const backMs = Date.now() - startedAt;
  const bins = histogram(await listening.call('arrivals'), startedAt);
  const largest = Math.max(...bins);
  if (largest > count * LARGEST_SHARE) {
    throw new Error(`${largest} of ${count} came within ${BIN_MS} ms: ${bins.join(' ')}`);
  }
  const { rss } = await listening.call('memoryPeak');
  return { backMs, rssMiB: rss / MiB, bins };
}

function histogram(arrivals: readonly number[], startedAt: number): number[] {
  const bins: number[] = [];
  for (const at of arrivals) {
    const bin = Math.max(0, Math.floor((at - startedAt) / BIN_MS));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return Array.from(bins, (arrived) => arrived ?? 0);
}

function rowOf(what: string, count: number, { backMs, rssMiB, bins }: Return): Row {
  const largest = Math.round((Math.max(...bins) * 100) / count);
  return {
    what,
    times: `${count} peers`,
    lost: 0,
    memory: { boundMiB: BOUND_MIB, peakMiB: rssMiB },
    note:
      `all are back after ${(backMs / 1000).toFixed(1)} s; ${largest} % at most in ${BIN_MS} ms; ` +
      `arrivals per ${BIN_MS} ms: ${shown(bins)}`,
  };
}

/** Those that matter: who draws long pauses comes much later, one by one. */
function shown(bins: readonly number[]): string {
  const rest = bins.slice(BINS_SHOWN).reduce((sum, arrived) => sum + arrived, 0);
  const later = rest > 0 ? [`and ${rest} later`] : [];
  return [...bins.slice(0, BINS_SHOWN), ...later].join(' ');
}
