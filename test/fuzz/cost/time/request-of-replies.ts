import { TYPE } from '../../../fixtures/http2/raw-client.js';
import type { Random } from '../../../unit/http2/hpack/random.js';
import type { Site } from '../play/site.js';
import { hex32 } from '../program/invent.js';
import {
  frameStep,
  headersStep,
  messageStep,
  requestFields,
  settingsHex,
  yamux,
} from '../program/phrases.js';
import type { Step } from '../program/step.js';

const INITIAL_WINDOW_SIZE = 4;
const WIDE_OPEN = 0x7fffffff;
const WINDOW_UPDATE = 1;

/** A call with more replies than a peer takes that gives no credit, or reads nothing. */
export function requestOfReplies(random: Random, site: Site): Step[] {
  const stream = site === 'agent' ? 101 : 1001;
  const own = site === 'agent' ? 2 : 1;
  // Some windows are as wide as they can be, so that another one holds the replies up.
  const http2 = [
    frameStep(TYPE.settings, 0, 0, settingsHex([INITIAL_WINDOW_SIZE, WIDE_OPEN])),
    frameStep(TYPE.windowUpdate, 0, 0, hex32(WIDE_OPEN - 65_535)),
  ];
  const mux = site === 'plain' ? [] : [yamux(WINDOW_UPDATE, 0, own, WIDE_OPEN - 300_000)];
  const opened = random.pick([[], http2, [...http2, ...mux], [...http2, ...mux]]);
  return [...opened, headersStep(stream, requestFields('/cost.Costs/Flood')), messageStep(stream)];
}
