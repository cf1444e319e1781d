import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { literals } from '../../fixtures/grpc/raw-request.js';
import { FLAG, frame, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';
import { D } from '../../fixtures/yamux-frames.js';
import { FrameReader } from '../../fuzz/frame-reader.js';
import type { Attack } from './attack.js';
import { flood } from './flood.js';
import { data, SETTINGS_ACK, wholeCall } from './frames.js';
import { http2Wire, yamuxWire } from './wires.js';

const WIRES = 4;
const GREETING = Buffer.concat([frame(TYPE.settings, 0, 0), SETTINGS_ACK]);
const RESPONSE = literals([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const HTML = literals([
  [':status', '200'],
  ['content-type', 'text/html'],
]);

/** What a call back is answered with on its stream. */
const ANSWERS: ((id: number) => Buffer)[] = [
  (id) => frame(TYPE.headers, FLAG.endHeaders, id, randomBytes(40)),
  (id) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, HTML),
  (id) =>
    Buffer.concat([
      frame(TYPE.headers, FLAG.endHeaders, id, RESPONSE),
      data(id, Buffer.from('00ffffffff00', 'hex'), FLAG.endStream),
    ]),
  (id) =>
    Buffer.concat([
      frame(TYPE.headers, FLAG.endHeaders, id, RESPONSE),
      data(id, Buffer.concat([Buffer.of(0, 0, 0, 0, 200), randomBytes(200)])),
      frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, literals([['grpc-status', 'x']])),
    ]),
  (id) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, Buffer.of(0x82, 0x82)),
  () => randomBytes(100),
];

/** Serves calls back, and never anything that makes sense. */
function answerWithGarbage(stream: Duplex): void {
  const reader = new FrameReader(PREFACE.length);
  let calls = 0;
  stream.write(GREETING);
  stream.on('data', (chunk: Buffer) => {
    for (const { type, id } of reader.read([chunk])) {
      if (type === TYPE.headers) stream.write(ANSWERS[calls++ % ANSWERS.length]!(id));
    }
  });
}

/** Says that it serves, and reads nothing of what it is asked. */
function neverRead(stream: Duplex): void {
  stream.write(GREETING);
}

const calls = { unit: 'calls', wires: WIRES };

/** Attacks of peers that have become such, and are called back. */
export const peers: readonly Attack[] = [
  flood({
    ...calls,
    what: 'calls, whose replies of 64 KiB are never read',
    perSecond: 400,
    boundMiB: 160,
    open: (target) => yamuxWire(target, false),
    make: (i) => Buffer.concat([D(0, 1, wholeCall(2 * i + 1, 'Enlarge'))]),
  }),
  flood({
    ...calls,
    what: 'is called back with 16 KiB, and never reads',
    perSecond: 400,
    boundMiB: 96,
    open: (target) => http2Wire(target, { onCallBack: neverRead }),
    make: (i) => wholeCall(2 * i + 1, 'EchoBack', 16_384),
  }),
  flood({
    ...calls,
    what: 'is called back, and answers with garbage',
    perSecond: 400,
    open: (target) => http2Wire(target, { onCallBack: answerWithGarbage }),
    make: (i) => wholeCall(2 * i + 1, 'EchoBack', 64),
  }),
];
