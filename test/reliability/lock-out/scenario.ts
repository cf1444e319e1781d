import { setTimeout as sleep } from 'node:timers/promises';
import { COMPARED_ATTACKS, nameOf } from '../attacks/attacks.js';
import { comparedScenario, type Comparison, type Tried } from '../attacks/compare.js';
import { Site } from '../attacks/site.js';
import { FULL, QUICK, tryAttack } from '../attacks/try-attack.js';
import { Remote } from '../remote.js';
import type { ReliabilityScenario } from '../scenario.js';
import type { Addresses, NewcomersEnd, Reception } from './ends/newcomers.js';

/** As by default, unlike at other attacks: the time for which a silent connection takes up a handshake. */
const HANDSHAKE_TIMEOUT_MS = 20_000;
const PER_SECOND = 500;
/** Milliseconds until silent connections have taken all handshakes. */
const TAKEN_MS = 1500;
/** Milliseconds within which all newcomers have to be served. */
const PATIENCE_MS = 10_000;
/** What the peers take that the newcomers are for a moment, and the garbage of their connections. */
const BOUND_MIB = 128;

/** Silent connections, and clients that come while these take up all handshakes. */
export const lockOut: ReliabilityScenario = comparedScenario(
  { name: 'lock-out', title: 'Silent connections that take up all handshakes' },
  (engine, attacker, options) =>
    Site.start(engine, attacker, {
      ...options,
      listening: { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS },
    }),
  (['many', 'one'] as const).map((addresses): Comparison<Site> => ({
    what: `newcomers from ${addresses === 'one' ? 'one other address' : 'other addresses'}`,
    attempt: (site, quick) => tryNewcomers(site, addresses, quick),
  })),
);

async function tryNewcomers(site: Site, addresses: Addresses, quick: boolean): Promise<Tried> {
  const count = quick ? 200 : 1000;
  const newcomers = await Remote.start<NewcomersEnd>(
    'newcomers',
    new URL('ends/newcomers.js', import.meta.url),
  );
  let reception: Reception | undefined;
  try {
    const attempt = await tryAttack(site, quick ? QUICK : FULL, async () => {
      const name = nameOf('lockOut', COMPARED_ATTACKS.lockOut[0]!);
      const attacking = site.attack(name, TAKEN_MS + PATIENCE_MS);
      await sleep(TAKEN_MS);
      const arrival = { port: site.port, count, addresses, perSecond: PER_SECOND, ms: PATIENCE_MS };
      reception = await newcomers.call('come', arrival);
      await site.stopAttack();
      return attacking;
    });
    return {
      ...attempt,
      times: `${count.toLocaleString('en')}, ${PER_SECOND}/s`,
      boundMiB: BOUND_MIB,
      bounds: [{ what: 'served', seen: reception!.served, least: count }],
      remark: describe(reception!),
    };
  } finally {
    await newcomers.close();
  }
}

function describe({ servedAtOnce, p50, max }: Reception): string {
  const at = `${servedAtOnce.toLocaleString('en')} at the first try`;
  return `${at}; in ${Math.round(p50)} ms (median), ${Math.round(max)} ms (longest)`;
}
