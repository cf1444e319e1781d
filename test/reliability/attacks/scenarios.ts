import type { EngineName } from '../../../lib/index.js';
import type { Remote } from '../remote.js';
import type { ReliabilityScenario, Row } from '../scenario.js';
import type { Attack } from './attack.js';
import { ATTACKS, nameOf } from './attacks.js';
import type { AttackerEnd } from './ends/attacker.js';
import { startAttacker } from './ends/start-attacker.js';
import { Site } from './site.js';
import type { Tally } from './target.js';
import {
  failureOf,
  FULL,
  outcomeOf,
  QUICK,
  tryAttack,
  type Attempt,
  type Durations,
} from './try-attack.js';

type AttackGroup = keyof typeof ATTACKS;

const TITLES: Record<AttackGroup, string> = {
  connecting: 'Attacks while connecting',
  multiplexing: 'Attacks with frames of yamux',
  http2: 'Attacks with frames of HTTP/2, inside of the stream',
  peers: 'Peers that misbehave',
};

/** Groups that a quick run tries on both engines. */
const DEPEND_ON_ENGINE: ReadonlySet<AttackGroup> = new Set(['http2', 'peers']);

/** Each group of attacks, on each engine. */
export const attackScenarios: readonly ReliabilityScenario[] = (
  Object.keys(ATTACKS) as AttackGroup[]
).flatMap((group) => [scenario(group, 'built-in'), scenario(group, 'grpc-js')]);

function scenario(group: AttackGroup, engine: EngineName): ReliabilityScenario {
  return {
    name: engine === 'built-in' ? `attacks-${group}` : `attacks-${group}-${engine}`,
    title: engine === 'built-in' ? TITLES[group] : `${TITLES[group]}: engine ${engine}`,
    run: async (quick) => {
      // What is below the engine has been tried with the other one.
      if (quick && engine !== 'built-in' && !DEPEND_ON_ENGINE.has(group)) return [];
      const attacker = await startAttacker();
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
    const site = await Site.start(engine, attacker);
    try {
      rows.push(await tryOne(group, attack, site, FULL));
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
  const site = await Site.start(engine, attacker);
  try {
    const rows: Row[] = [];
    for (const attack of ATTACKS[group]) {
      rows.push(await tryOne(group, attack, site, QUICK));
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
  durations: Durations,
): Promise<Row> {
  const ms = durations.attack;
  const attempt = await tryAttack(site, durations, () => site.attack(nameOf(group, attack), ms));
  return rowOf(attack, attempt, ms);
}

function rowOf(attack: Attack, attempt: Attempt, ms: number): Row {
  const { tally } = attempt;
  const rate = Math.round((tally.times * 1000) / ms);
  return {
    what: attack.what,
    times: `${tally.times.toLocaleString('en')} ${attack.unit}, ${rate.toLocaleString('en')}/s`,
    ...outcomeOf(attack, attempt),
    note: [cutOf(tally), usageOf(attempt, ms), ...failureOf(attempt)].join('; '),
  };
}

function cutOf({ connections, cut }: Tally): string {
  return `${cut.toLocaleString('en')} of ${connections.toLocaleString('en')} connections cut`;
}

function usageOf({ during: { memory }, tally }: Attempt, ms: number): string {
  const share = (cpu: number): string => `${Math.round(cpu / ms / 10)} %`;
  return `processor: ${share(memory.cpu)}, attacker ${share(tally.cpu)}; ${memory.logLines} lines of log`;
}
