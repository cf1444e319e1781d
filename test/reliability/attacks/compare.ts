import type { EngineName } from '../../../lib/index.js';
import type { Remote } from '../remote.js';
import type { Bound, Outcome, ReliabilityScenario, Row } from '../scenario.js';
import type { AttackedSite } from './attacked-site.js';
import type { AttackerEnd } from './ends/attacker.js';
import { startAttacker } from './ends/start-attacker.js';
import { failureOf, outcomeOf, type Attempt } from './try-attack.js';

/**
 * As many calls of bystanders on both engines; and a heap so small that an attack ends the process before
 * it takes all memory of the machine.
 */
const SITE = { callsPerSecond: 150, flags: ['--max-old-space-size=1024'] };
const KiB = 1024;

/** How a site of a comparison is started. */
export type StartSite<Kind extends AttackedSite> = (
  engine: EngineName,
  attacker: Remote<AttackerEnd>,
  options: { callsPerSecond: number; flags: readonly string[] },
) => Promise<Kind>;

/** One line of a comparison. */
export interface Comparison<Kind extends AttackedSite> {
  what: string;
  /** Attacks a site, and tells what came of it. */
  attempt(site: Kind, quick: boolean): Promise<Tried>;
}

/** An attack that is over. */
export interface Tried extends Attempt {
  times: string;
  boundMiB?: number | undefined;
  bounds?: Bound[];
  /** What else is worth knowing, in a few words. */
  remark?: string;
}

/** A scenario whose attacks are tried on both engines. With grpc-js nothing is a fault. */
export function comparedScenario<Kind extends AttackedSite>(
  { name, title }: { name: string; title: string },
  start: StartSite<Kind>,
  comparisons: readonly Comparison<Kind>[],
): ReliabilityScenario {
  return {
    name,
    title,
    run: async (quick) => {
      const tryOn = (engine: EngineName) => tryAll({ engine, quick, start, comparisons });
      // Figures of a quick run are noisy anyway.
      const [builtIn, grpcJs] = quick
        ? await Promise.all([tryOn('built-in'), tryOn('grpc-js')])
        : [await tryOn('built-in'), await tryOn('grpc-js')];
      for (const [i, row] of builtIn.entries()) row.grpcJs = grpcJs[i]!;
      return builtIn;
    },
  };
}

/** What is tried on one engine. */
interface Trial<Kind extends AttackedSite> {
  engine: EngineName;
  quick: boolean;
  start: StartSite<Kind>;
  comparisons: readonly Comparison<Kind>[];
}

/** Tries attacks on fresh processes each, or, in a quick run, on the same ones for as long as they live. */
async function tryAll<Kind extends AttackedSite>(trial: Trial<Kind>): Promise<Row[]> {
  const attacker = await startAttacker();
  const rows: Row[] = [];
  let site: Kind | undefined;
  try {
    for (const comparison of trial.comparisons) {
      site ??= await trial.start(trial.engine, attacker, SITE);
      const row = await tryOne(comparison, site, trial.quick);
      rows.push(row);
      if (trial.quick && row.failure === undefined) continue;
      await site.close();
      site = undefined;
    }
    return rows;
  } finally {
    await Promise.all([attacker.close(), site?.close()]);
  }
}

async function tryOne<Kind extends AttackedSite>(
  { what, attempt }: Comparison<Kind>,
  site: Kind,
  quick: boolean,
): Promise<Row> {
  try {
    const tried = await attempt(site, quick);
    return { what, times: tried.times, ...comparedOutcome(tried) };
  } catch (error) {
    return { what, times: 'failed', lost: 0, failure: (error as Error).message };
  }
}

function comparedOutcome(tried: Tried): Outcome {
  const { during, tally, bounds, remark } = tried;
  const { connections, cut, sent, received } = tally;
  const bytes = `${inKiB(sent)} KiB sent, ${inKiB(received)} KiB came back`;
  return {
    ...outcomeOf({ ...(tried.boundMiB !== undefined && { boundMiB: tried.boundMiB }) }, tried),
    cpuPercent: during.memory.cpu / during.ms / 10,
    attacker: { connections, cut },
    ...(bounds && { bounds }),
    note: [remark ?? bytes, ...failureOf(tried)].join('; '),
  };
}

function inKiB(bytes: number): string {
  return Math.round(bytes / KiB).toLocaleString('en');
}
