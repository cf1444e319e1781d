import { growthOf, type Growth } from './growth.js';
import type { Role, Sample } from './protocol.js';
import type { Seen } from './results.js';

/**
 * Bytes in use that one more connection, or call, may leave behind on average. The least that either
 * could leave is one entry in a map and a small object, 50 bytes, and whoever keeps a call or a
 * connection keeps kilobytes: 10 bytes, 1 MiB per 100,000 calls, are a leak in one call of a hundred;
 * 262 bytes, 256 KiB per 1000 connections, one in a hundred connections. Churn, which has the time for it,
 * must not grow at all.
 */
const BOUNDS: Record<Growth['phase'], number> = { connections: 262, calls: 10.5, churn: 0 };

/**
 * Bytes by which what is in use varies by itself from sample to sample. Half of it are chunks of input that
 * Node 20 frees in batches.
 */
const NOISE = 1024 * 1024;

/** What is wrong with what a run has seen: nothing, if it was well. */
export function verdictOf({ moments }: Pick<Seen, 'moments'>): string[] {
  const faults = growthOf(moments).flatMap(tooMuch);
  const start = moments[0]!;
  const end = moments.at(-1)!;
  for (const role of ['listen', 'dial'] as const) {
    faults.push(...faultsOfCalls(role, end.ends[role]));
    faults.push(...leftovers(role, start.ends[role], end.ends[role]));
  }
  return faults;
}

function faultsOfCalls(role: Role, { calls }: Sample): string[] {
  const faults = calls.faults.map((fault) => `${role}: ${fault}`);
  const untold = calls.faultCount - calls.faults.length;
  if (untold > 0) faults.push(`${role}: and ${untold} faults more`);
  if (calls.handled !== calls.handledToTheEnd) {
    faults.push(`${role}: ${calls.handled - calls.handledToTheEnd} handlers were not told the end`);
  }
  if (calls.toldTwice > 0) faults.push(`${role}: ${calls.toldTwice} handlers were told twice`);
  return faults;
}

function leftovers(role: Role, start: Sample, end: Sample): string[] {
  const counts = (sample: Sample): [string, number][] => [
    ['handles', sample.handles],
    ['open sockets', sample.sockets],
    ['peers in the registry', sample.registry],
    ...Object.entries(sample.live ?? {}),
  ];
  const before = new Map(counts(start));
  return counts(end)
    .map(([what, count]) => ({ what, left: count - (before.get(what) ?? 0) }))
    .filter(({ left }) => left > 0)
    .map(({ what, left }) => `${role}: ${left} ${what} are left`);
}

function tooMuch({ phase, end, inUse, over }: Growth): string[] {
  if (inUse <= BOUNDS[phase] || inUse * over <= NOISE) return [];
  return [`${end}: grew by ${inUse.toFixed(1)} bytes for each of the ${phase}`];
}
