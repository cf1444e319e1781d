import { D, header, P, RST, SYN, W } from '../../fixtures/yamux-frames.js';
import type { Attack } from './attack.js';
import { flood } from './flood.js';
import { GREETING, MAGIC, SETTINGS_ACK, wholeCall } from './frames.js';
import { bareWire, yamuxWire } from './wires.js';

const MiB = 1024 * 1024;
const FRAMES_PER_SECOND = 20_000;
const OVERFLOW = Buffer.concat([
  MAGIC,
  W(SYN, 1, 0),
  D(0, 1, GREETING),
  header(0, 0, 1, MiB),
  Buffer.alloc(MiB),
]);
const UNKNOWN = D(0, 77, Buffer.alloc(16_384));

const frames = { unit: 'frames', perSecond: FRAMES_PER_SECOND };

/** The bytes of calls, one after the other, each byte in a frame of its own. */
function* singleBytes(): Generator<Buffer, never> {
  yield* framed(SETTINGS_ACK);
  for (let id = 1; ; id += 2) yield* framed(wholeCall(id, 'Echo', 10));
}

function* framed(bytes: Buffer): Generator<Buffer> {
  for (const byte of bytes) yield D(0, 1, Buffer.of(byte));
}

/** Attacks with frames of yamux. */
export const multiplexing: readonly Attack[] = [
  flood({
    ...frames,
    what: 'streams opened and reset at once',
    unit: 'streams',
    open: (target) => yamuxWire(target),
    make: (i) => Buffer.concat([W(SYN, 2 * i + 3, 0), W(RST, 2 * i + 3, 0)]),
  }),
  flood({
    ...frames,
    what: 'streams beyond the one that is allowed',
    unit: 'streams',
    open: (target) => yamuxWire(target),
    make: (i) => W(SYN, 2 * i + 3, 0),
  }),
  flood({
    ...frames,
    what: 'pings',
    open: (target) => yamuxWire(target),
    make: (i) => P(SYN, 0, i),
  }),
  flood({
    ...frames,
    what: 'pings whose answers are not read',
    open: (target) => yamuxWire(target, false),
    make: (i) => P(SYN, 0, i),
  }),
  flood({
    ...frames,
    what: 'window updates',
    open: (target) => yamuxWire(target),
    make: () => W(0, 1, 1),
  }),
  flood({
    ...frames,
    what: 'empty frames',
    open: (target) => yamuxWire(target),
    make: () => D(0, 1),
  }),
  singleByteCalls(),
  {
    what: 'more than the window',
    unit: 'connections',
    run: (target) =>
      target.pace(50, async (due) => {
        for (let i = 0; i < due; i++) await bareWire(target, OVERFLOW);
        return due;
      }),
  },
  flood({
    what: 'data for streams that are not there',
    unit: 'frames of 16 KiB',
    perSecond: 2000,
    open: (target) => yamuxWire(target),
    make: () => UNKNOWN,
  }),
];

function singleByteCalls(): Attack {
  let bytes = singleBytes();
  return flood({
    ...frames,
    what: 'calls in frames of one byte',
    open(target) {
      bytes = singleBytes();
      return yamuxWire(target);
    },
    make: () => bytes.next().value,
  });
}
