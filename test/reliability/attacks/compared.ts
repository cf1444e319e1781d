import type { Bound, ReliabilityScenario } from '../scenario.js';
import type { Attack } from './attack.js';
import { COMPARED_ATTACKS, nameOf, type AttackGroup } from './attacks.js';
import type { AttackedSite } from './attacked-site.js';
import { comparedScenario, type Comparison } from './compare.js';
import { DialingSite } from './dialing-site.js';
import { Site } from './site.js';
import { FULL, QUICK, tryAttack, type Attempt } from './try-attack.js';

/** Small requests that are dear to receive, unless care is taken, on both sides and both engines. */
export const comparedScenarios: readonly ReliabilityScenario[] = [
  comparedScenario(
    { name: 'few-bytes', title: 'Few bytes that may cost much: a listening side' },
    Site.start,
    comparisonsOf('fewBytes', COMPARED_ATTACKS.fewBytes),
  ),
  comparedScenario(
    { name: 'few-bytes-back', title: 'Few bytes that may cost much: a dialing side' },
    DialingSite.start,
    comparisonsOf('fewBytesBack', COMPARED_ATTACKS.fewBytesBack),
  ),
];

function comparisonsOf(group: AttackGroup, attacks: readonly Attack[]): Comparison<AttackedSite>[] {
  return attacks.map((attack) => ({
    what: attack.what,
    attempt: async (site, quick) => {
      const durations = quick ? QUICK : FULL;
      const name = nameOf(group, attack);
      const attempt = await tryAttack(site, durations, () => site.attack(name, durations.attack));
      const { times } = attempt.tally;
      return {
        ...attempt,
        times: `${times.toLocaleString('en')} ${attack.unit}`,
        boundMiB: attack.boundMiB,
        bounds: boundsOf(attack, attempt),
      };
    },
  }));
}

function boundsOf({ mostReplyBytes, mostHandlers }: Attack, attempt: Attempt): Bound[] {
  const { tally, during } = attempt;
  const bounds: Bound[] = [];
  if (mostReplyBytes !== undefined) {
    const seen = Math.round(tally.received / Math.max(1, tally.times));
    bounds.push({ what: 'bytes back for each', seen, most: mostReplyBytes });
  }
  if (mostHandlers !== undefined) {
    const seen = during.memory.handlers;
    bounds.push({ what: 'handlers at once', seen, most: mostHandlers });
  }
  return bounds;
}
