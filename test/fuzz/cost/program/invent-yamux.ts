import type { Random } from '../../../unit/http2/hpack/random.js';
import { yamux } from './phrases.js';
import type { Step } from './step.js';

const TYPES = [0, 0, 1, 1, 1, 2, 3, 4];
const FLAGS = [0, 0, 1, 2, 4, 8, 5, 9, 3];
const STREAMS = [0, 1, 1, 2, 2, 3, 4, 5, 1001, 0xffffffff];
const LENGTHS = [0, 0, 1, 65_536, 262_144, 0x7fffffff, 0xffffffff];

/** A frame of yamux or a few, mostly of use. */
export function inventYamux(random: Random): Step[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    const type = random.pick(TYPES);
    if (type !== 0) {
      return yamux(type, random.pick(FLAGS), random.pick(STREAMS), random.pick(LENGTHS));
    }
    const bytes = '00'.repeat(random.pick([0, 1, 1, 100]));
    const length = random.chance(0.9) ? bytes.length / 2 : random.pick(LENGTHS);
    return yamux(0, random.pick(FLAGS), random.pick(STREAMS), length, bytes);
  });
}
