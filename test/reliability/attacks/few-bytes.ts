import type { Attack } from './attack.js';
import { cheapBytes } from './cheap-bytes.js';
import { dearAnswers } from './dear-answers.js';
import { flood } from './flood.js';
import { opening } from './frames.js';
import { backchannelWire, http2Wire, openBackchannel, plainWire } from './wires.js';

/** Streams of yamux that a listening side opens for calls, and calls on each. */
const BACKCHANNELS = 20;
const CALLS_ON_EACH = 1000;

/** Calls that a dialing side under attack allows its peer at once: `grpc.max_concurrent_streams`. */
export const MOST_HANDLERS = 2000;

const FORWARD = cheapBytes(9000);
const BACK = cheapBytes(MOST_HANDLERS - 1);

/** Small requests that are dear to receive: to a listening side, on one multiplexed connection. */
export const fewBytes: readonly Attack[] = [
  ...FORWARD.map((bytes) => flood({ ...bytes, open: (target) => http2Wire(target) })),
  flood({ ...FORWARD[0]!, what: `${FORWARD[0]!.what}, plain`, open: plainWire }),
  ...dearAnswers,
];

/** The same from a listening side, to a dialing side that has connected to it. */
export const fewBytesBack: readonly Attack[] = [
  ...BACK.map((bytes) => flood({ ...bytes, open: backchannelWire })),
  {
    what: `${BACKCHANNELS} backchannels with ${CALLS_ON_EACH.toLocaleString('en')} calls each, of ${MOST_HANDLERS.toLocaleString('en')} that are allowed`,
    unit: 'backchannels',
    boundMiB: 96,
    mostHandlers: MOST_HANDLERS,
    async run(target) {
      const socket = await target.connect();
      const calls = Array.from({ length: CALLS_ON_EACH }, (_, i) => opening(2 * i + 1, 'Hold'));
      let opened = 0;
      await target.pace(BACKCHANNELS, async () => {
        if (opened === BACKCHANNELS || socket.destroyed) return 0;
        opened += 1;
        const wire = await openBackchannel(socket, () => target.cutOff(socket));
        wire.write(Buffer.concat(calls));
        return 1;
      });
    },
  },
];
