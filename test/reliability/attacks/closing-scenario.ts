import { setTimeout as sleep } from 'node:timers/promises';
import type { ReliabilityScenario } from '../scenario.js';
import { COMPARED_ATTACKS, nameOf } from './attacks.js';
import { comparedScenario, type Comparison, type Tried } from './compare.js';
import { Site } from './site.js';
import { FROM_ADDRESS, type Tally } from './target.js';
import { FULL, QUICK, tryAttack } from './try-attack.js';

/** Milliseconds that a connection may still have when its backchannel has ended. */
const DRAIN_MS = 500;
/** Milliseconds behind the start of an attack: the peer is called by its name, and departs in order if it does. */
const CLOSE_AFTER_MS = 1000;
/** Milliseconds within which a connection ends that is closed. */
const MOST_MS = 2000;
/** Milliseconds behind a close from which on no call may be handled. */
const GRACE_MS = 1000;
const ATTACK_MS = CLOSE_AFTER_MS + MOST_MS + 500;

/** Peers that are closed and do not want to go, on both engines. */
export const closingScenario: ReliabilityScenario = comparedScenario(
  { name: 'closing', title: 'Peers that do not want to go' },
  (engine, attacker, options) =>
    Site.start(engine, attacker, { ...options, listening: { drainMs: DRAIN_MS } }),
  COMPARED_ATTACKS.closing.map((attack): Comparison<Site> => ({
    what: attack.what,
    attempt: (site, quick) => tryClosing(nameOf('closing', attack), site, quick),
  })),
);

async function tryClosing(name: string, site: Site, quick: boolean): Promise<Tried> {
  let closedAt = 0;
  let handled = 0;
  const attempt = await tryAttack(site, quick ? QUICK : FULL, async () => {
    const attacking = site.attack(name, ATTACK_MS);
    await sleep(CLOSE_AFTER_MS);
    closedAt = Date.now();
    await site.listening.call('closePeersOf', FROM_ADDRESS);
    await sleep(GRACE_MS);
    const before = await site.listening.call('enlarged');
    const tally = await attacking; // It is over when the peer is cut.
    handled = (await site.listening.call('enlarged')) - before;
    return tally;
  });
  const untilCut = msUntilCut(attempt.tally, closedAt);
  return {
    ...attempt,
    times: `${attempt.tally.times.toLocaleString('en')} calls, closed after ${CLOSE_AFTER_MS} ms`,
    bounds: [
      { what: 'ms until it is cut', seen: untilCut, most: MOST_MS },
      { what: 'calls handled later than a second', seen: handled, most: 0 },
    ],
  };
}

/** 0 if it was cut before it was closed; as long as it was watched, if it never was. */
function msUntilCut({ lastCutAt }: Tally, closedAt: number): number {
  return Math.max(0, (lastCutAt ?? closedAt + ATTACK_MS) - closedAt);
}
