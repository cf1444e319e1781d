import { Remote } from '../../../reliability/remote.js';
import { Random } from '../../../unit/http2/hpack/random.js';
import type { Configuration } from '../configurations.js';
import type { Site } from '../play/site.js';
import { withPlainMessages } from '../program/plain-messages.js';
import type { Program } from '../program/step.js';
import { honestPrograms } from '../search/honest.js';
import { OPERATIONS, type AgentOperation, type HubOperation } from './bounds.js';
import type { TimeEnd } from './end.js';
import { inventSlow, type Vice } from './slow-program.js';
import { isInTime, tryAgent, tryHub, type Trial } from './trial.js';

/** Slow peers at the same time: what they take is time, and little else. */
const AT_ONCE = 12;
const AGAIN = 3;

const NO_END: Trial = { boundMs: 0, tookMs: Infinity };

type Pair = readonly [side: 'hub' | 'agent', operation: string];

/** All operations of both sides. */
const ALL: readonly Pair[] = (['hub', 'agent'] as const).flatMap((side) =>
  Object.keys(OPERATIONS[side]).map((operation): Pair => [side, operation]),
);
const OF_PEERS = new Set([
  'peer.close()',
  'registry.removeBackchannel()',
  'a call back with a deadline',
]);

/** An operation that did not end in time. */
export interface TimeFind {
  configuration: Configuration;
  operation: string;
  vice: Vice;
  program: Program;
  trial: Trial;
  seed: number;
}

/** How a search goes on, and to whom it tells what it finds. */
export interface TimeSearchOptions {
  configurations: readonly Configuration[];
  seed: number;
  /** The module of the targets. */
  targets: URL;
  recorded: (site: Site) => readonly Program[];
  goesOn(): boolean;
  /** So many have been tried. */
  onProgress(tried: number): void;
  onFind(find: TimeFind): void;
  /** How long an operation took, of its bound. */
  onTrial(operation: string, trial: Trial, find: Omit<TimeFind, 'trial'>): void;
}

/** Searches for slow peers that keep something from ending. Returns how many were tried. */
export async function searchTime(options: TimeSearchOptions): Promise<number> {
  const remote = await Remote.start<TimeEnd>('target', options.targets);
  let { seed } = options;
  let tried = 0;
  const work = async (): Promise<void> => {
    while (options.goesOn()) {
      const candidate = invent((seed += 1), options);
      // One that cannot be tried in company is tried alone.
      const trial = await attempt(remote, candidate).catch(() => NO_END);
      if (trial === undefined) continue;
      tried += 1;
      if (tried % 100 === 0) options.onProgress(tried);
      if (isInTime(trial)) options.onTrial(candidate.operation, trial, candidate);
      else await tryAgain(candidate, trial, options);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await remote.close();
  }
  return tried;
}

function invent(seed: number, { configurations, recorded }: TimeSearchOptions) {
  const random = new Random(seed);
  const [side, operation] = random.pick(
    ALL.filter((pair) => configurations.some((one) => isPossible(one, pair))),
  );
  const configuration = random.pick(
    configurations.filter((one) => isPossible(one, [side, operation])),
  );
  const { site } = configuration;
  const slow = inventSlow(random, site, [...honestPrograms(site), ...recorded(site)]);
  // A handshake that never ends, not one that is through.
  if (operation === 'a connection that is not served yet') {
    const count = site === 'plain' ? 0 : random.below(2);
    slow.program.steps = slow.program.steps.slice(0, count);
  }
  if (configuration.engine === 'grpc-js') slow.program = withPlainMessages(slow.program);
  return { configuration, operation, seed, ...slow };
}

/** Peers are multiplexed. */
function isPossible({ site }: Configuration, [side, operation]: Pair): boolean {
  if (side === 'agent') return site === 'agent';
  return site === 'multiplexed' || (site === 'plain' && !OF_PEERS.has(operation));
}

async function attempt(
  remote: Remote<TimeEnd>,
  { configuration, operation, program }: Omit<TimeFind, 'trial'>,
): Promise<Trial | undefined> {
  return configuration.site === 'agent'
    ? tryAgent(remote, configuration, program, operation as AgentOperation)
    : tryHub(remote, configuration, program, operation as HubOperation);
}

/** Alone, in a process of its own: it may have been the company that took the time. */
async function tryAgain(
  candidate: Omit<TimeFind, 'trial'>,
  first: Trial,
  options: TimeSearchOptions,
): Promise<void> {
  const remote = await Remote.start<TimeEnd>('target', options.targets);
  let best = first;
  try {
    for (let i = 0; i < AGAIN; i += 1) {
      const trial = await attempt(remote, candidate);
      if (trial === undefined || isInTime(trial)) return;
      if (trial.tookMs < best.tookMs) best = trial;
    }
  } finally {
    await remote.close();
  }
  options.onFind({ ...candidate, trial: best });
}
