import { TYPE } from '../../../fixtures/http2/raw-client.js';
import type { Random } from '../../../unit/http2/hpack/random.js';
import type { Site } from '../play/site.js';
import { hex32, inventProgram } from '../program/invent.js';
import { frameStep, yamux } from '../program/phrases.js';
import { requestOfReplies } from './request-of-replies.js';
import type { Program, Step } from '../program/step.js';

/** Milliseconds between two bytes or two crumbs. */
const TRICKLE_MS = 15;
/** As many crumbs as a minute has. */
const CRUMBS = 4000;
const INVENTED = 0.2;

/** What a peer does from some stage on that wants no end to come. */
export const VICES = [
  'sends byte by byte',
  'says nothing more',
  'reads nothing more',
  'gives credit of yamux in crumbs',
  'gives credit of HTTP/2 in crumbs',
  'reads nothing, gives credit in crumbs',
  'sends pings',
  'ends its half',
  'answers byte by byte',
] as const;
export type Vice = (typeof VICES)[number];

/** A peer that is slow in one way, from one stage of its connection on. */
export interface SlowProgram {
  vice: Vice;
  program: Program;
}

/** @param honest - whose beginning a slow peer shares with them. */
export function inventSlow(random: Random, site: Site, honest: readonly Program[]): SlowProgram {
  const base = random.chance(INVENTED)
    ? inventProgram(random, site)
    : structuredClone(random.pick(honest));
  const vice = random.pick(VICES);
  const { length } = base.steps;
  const stage = random.chance(0.5) ? length : random.below(length + 1);
  const [before, after] = [base.steps.slice(0, stage), base.steps.slice(stage)];
  if (random.chance(0.7)) before.push(...requestOfReplies(random, site));
  const [accept, credit, settings, pings] = Array.from({ length: 4 }, () => random.chance(0.6));
  const isPoor = vice.includes('crumbs') || vice === 'reads nothing more';
  return {
    vice,
    program: {
      reflexes: { accept: accept!, credit: credit! && !isPoor, settings: settings!, pings: pings! },
      steps: [...before, ...stepsOf(vice, after, site)],
    },
  };
}

function stepsOf(vice: Vice, after: Step[], site: Site): Step[] {
  const own = site === 'agent' ? 2 : 1;
  const yamuxCredit = [yamux(1, 0, own, 1), yamux(1, 0, 3 - own, 1)];
  const http2Credit = [0, 1, 3].map((stream) => frameStep(TYPE.windowUpdate, 0, stream, hex32(1)));
  switch (vice) {
    case 'sends byte by byte':
      return [{ do: 'pieces', bytes: 1, everyMs: TRICKLE_MS }, ...after, ...crumbs([])];
    case 'answers byte by byte':
      return [{ do: 'pieces', bytes: 1, everyMs: TRICKLE_MS }, ...crumbs([])];
    case 'says nothing more':
      return crumbs([]);
    case 'reads nothing more':
      return [{ do: 'reading', on: false }, ...after, ...crumbs([])];
    case 'gives credit of yamux in crumbs':
      return [...after, ...crumbs(site === 'plain' ? http2Credit : yamuxCredit)];
    case 'gives credit of HTTP/2 in crumbs':
      return [...after, ...crumbs(http2Credit)];
    case 'reads nothing, gives credit in crumbs':
      return [...after, { do: 'reading', on: false }, ...crumbs([...yamuxCredit, ...http2Credit])];
    case 'sends pings':
      return [...after, ...crumbs([frameStep(TYPE.ping, 0, 0, '0011223344556677')])];
    case 'ends its half':
      return [...after, { do: 'end' }, ...crumbs([])];
  }
}

function crumbs(steps: Step[]): Step[] {
  return [
    {
      do: 'repeat',
      times: CRUMBS,
      stride: 0,
      carrierStride: 0,
      steps: [...steps, { do: 'wait', ms: TRICKLE_MS }],
    },
  ];
}
