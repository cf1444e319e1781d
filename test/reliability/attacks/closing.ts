import type { Duplex } from 'node:stream';
import { frame, number32, TYPE } from '../../fixtures/http2/raw-client.js';
import { ACK, D, W } from '../../fixtures/yamux-frames.js';
import type { Attack } from './attack.js';
import { SETTINGS_ACK, wholeCall } from './frames.js';
import type { Target } from './target.js';
import { http2Wire, yamuxWire, type Wire } from './wires.js';

const CALLS_PER_SECOND = 20;
const BACKCHANNEL_ID = 2;
/** Credit with each call, far less than the reply to it. */
const CRUMB = W(0, 1, 1024);
const FAREWELL = Buffer.concat([
  frame(TYPE.settings, 0, 0),
  SETTINGS_ACK,
  frame(TYPE.goAway, 0, 0, Buffer.concat([number32(0x7fffffff), number32(0)])),
]);

/** Peers that do not want to go. They never connect a second time. */
export const closing: readonly Attack[] = [
  {
    what: 'a closed peer that gives credit of yamux in crumbs, and goes on calling',
    unit: 'calls',
    run: (target) => keepCalling(target, yamuxWire(target), overYamux),
  },
  {
    what: 'a closed peer that reads nothing, and goes on calling',
    unit: 'calls',
    run: (target) => keepCalling(target, yamuxWire(target, false), overYamux),
  },
  {
    what: 'a peer that says goodbye on its backchannel, and goes on calling',
    unit: 'calls',
    run: (target) => {
      const onCallBack = (stream: Duplex): void => void stream.resume().write(FAREWELL);
      return keepCalling(target, http2Wire(target, { onCallBack }), (id) => call(id));
    },
  },
  {
    what: 'a peer that ends its backchannel, and goes on calling',
    unit: 'calls',
    run: (target) => {
      const onCallBack = (stream: Duplex): void => void stream.destroy();
      return keepCalling(target, http2Wire(target, { onCallBack }), (id) => call(id));
    },
  },
];

const call = (id: number): Buffer => wholeCall(id, 'Enlarge');

function overYamux(id: number): Buffer {
  const accepted = id === 1 ? [W(ACK, BACKCHANNEL_ID, 0)] : [];
  return Buffer.concat([...accepted, CRUMB, D(0, 1, call(id))]);
}

async function keepCalling(
  target: Target,
  connected: Promise<Wire>,
  make: (id: number) => Buffer,
): Promise<void> {
  const wire = await connected;
  let id = -1;
  await target.pace(CALLS_PER_SECOND, (due) => {
    if (target.openConnections === 0) return target.stop();
    if (!wire.isOpen) return 0;
    for (let i = 0; i < due; i++) wire.write(make((id += 2)));
    return due;
  });
}
