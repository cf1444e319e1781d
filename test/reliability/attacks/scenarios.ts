import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from '../../../lib/index.js';
import { Remote } from '../remote.js';
import type { ReliabilityScenario, Row } from '../scenario.js';
import type { Attack } from './attack.js';
import { ATTACKS, nameOf, type AttackGroup } from './attacks.js';
import type { AttackerEnd } from './ends/attacker.js';
import { Site, type Observation } from './site.js';
import type { Tally } from './target.js';

const MiB = 1024 * 1024;
/** Garbage that was not collected yet, and what V8 takes for it. */
const DEFAULT_BOUND_MIB = 48;

/** Milliseconds. */
interface Durations {
  warmUp: number;
  peace: number;
  attack: number;
}

const FULL: Durations = { warmUp: 700, peace: 1500, attack: 2500 };
/** All attacks on the same processes: those that come later find them warm. */
const QUICK: Durations = { warmUp: 200, peace: 400, attack: 800 };

const TITLES: Record<AttackGroup, string> = {
  connecting: 'Attacks while connecting',
  multiplexing: 'Attacks with frames of yamux',
  http2: 'Attacks with frames of HTTP/2, inside of the stream',
  peers: 'Peers that misbehave',
};

/** Each group of attacks, on each engine. */
export const attackScenarios: readonly ReliabilityScenario[] = (
  Object.keys(ATTACKS) as AttackGroup[]
).flatMap((group) => [scenario(group, 'built-in'), scenario(group, 'grpc-js')]);

function scenario(group: AttackGroup, engine: EngineName): ReliabilityScenario {
  return {
    name: engine === 'built-in' ? `attacks-${group}` : `attacks-${group}-${engine}`,
    title: engine === 'built-in' ? TITLES[group] : `${TITLES[group]}: engine ${engine}`,
    run: async (quick) => {
      const attacker = await Remote.start<AttackerEnd>(
        'attacker',
        new URL('ends/attacker.js', import.meta.url),
      );
      try {
        return await (quick
          ? tryQuickly(group, engine, attacker)
          : tryAll(group, engine, attacker));
      } finally {
        await attacker.close();
      }
    },
  };
}

/** Each attack on fresh processes. */
async function tryAll(
  group: AttackGroup,
  engine: EngineName,
  attacker: Remote<AttackerEnd>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const attack of ATTACKS[group]) {
    const site = await Site.start(engine);
    try {
      rows.push(await tryOne(group, attack, site, attacker, FULL));
    } finally {
      await site.close();
    }
  }
  return rows;
}

async function tryQuickly(
  group: AttackGroup,
  engine: EngineName,
  attacker: Remote<AttackerEnd>,
): Promise<Row[]> {
  const site = await Site.start(engine);
  try {
    const rows: Row[] = [];
    for (const attack of ATTACKS[group]) {
      rows.push(await tryOne(group, attack, site, attacker, QUICK));
    }
    return rows;
  } finally {
    await site.close();
  }
}

async function tryOne(
  group: AttackGroup,
  attack: Attack,
  site: Site,
  attacker: Remote<AttackerEnd>,
  { warmUp, peace, attack: ms }: Durations,
): Promise<Row> {
  await site.observe(() => sleep(warmUp));
  const before = await site.observe(() => sleep(peace));
  const during = await site.observe(() =>
    attacker.call('attack', nameOf(group, attack), site.port, ms),
  );
  await site.settle();
  const after = await site.observe(() => sleep(100));
  return rowOf(attack, before, during, [before, during, after], during.result, ms);
}

function rowOf(
  { what, unit, boundMiB = DEFAULT_BOUND_MIB }: Attack,
  before: Observation,
  during: Observation,
  all: readonly Observation[],
  tally: Tally,
  ms: number,
): Row {
  const lost = all.reduce((sum, { calls }) => sum + calls.lost + calls.disconnects, 0);
  const failure = all.find(({ calls }) => calls.failure !== undefined)?.calls.failure;
  const rate = Math.round((tally.times * 1000) / ms);
  return {
    what,
    times: `${tally.times.toLocaleString('en')} ${unit}, ${rate.toLocaleString('en')}/s`,
    lost,
    memory: { boundMiB, peakMiB: heldBeyond(before, during) },
    p99: { peaceMs: before.calls.p99, attackMs: during.calls.p99 },
    note: [cutOf(tally), usageOf(during, tally, ms), failure ?? []].flat().join('; '),
  };
}

/** What the process took beyond what it took in peace, as the system sees it or as its heap does. */
function heldBeyond({ memory: before }: Observation, { memory: during }: Observation): number {
  const rss = during.rss - before.rss;
  const heap = during.heapUsed + during.external - before.heapUsed - before.external;
  return Math.max(rss, heap, 0) / MiB;
}

function cutOf({ connections, cut }: Tally): string {
  return `${cut.toLocaleString('en')} of ${connections.toLocaleString('en')} connections cut`;
}

function usageOf({ memory }: Observation, tally: Tally, ms: number): string {
  const share = (cpu: number): string => `${Math.round(cpu / ms / 10)} %`;
  return `processor: ${share(memory.cpu)}, attacker ${share(tally.cpu)}; ${memory.logLines} lines of log`;
}
