import type { Duplex } from 'node:stream';
import { literals } from '../../fixtures/grpc/raw-request.js';
import { FLAG, frame, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';
import { FrameReader } from '../../fuzz/frame-reader.js';
import type { Attack } from './attack.js';
import { commaFields, GZIP, LARGE_TEXT, repeatedFields } from './cheap-bytes.js';
import { flood } from './flood.js';
import { data, SETTINGS_ACK, wholeCall } from './frames.js';
import { http2Wire } from './wires.js';

const GREETING = Buffer.concat([frame(TYPE.settings, 0, 0), SETTINGS_ACK]);
const RESPONSE = literals([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const OK = literals([['grpc-status', '0']]);
const END = FLAG.endHeaders | FLAG.endStream;
const REPEATED = 490;
/** MiB: what is usual, and as many messages of 4 MiB as may be read at the same time. */
const GZIP_BOUND_MIB = 48 + 16 * 4;

/** Answers a call back on stream `id`; `i` counts from 0 on each backchannel. */
type Answer = (id: number, i: number) => Buffer;

/** Peers that are called back, and whose answers are dear to receive, unless care is taken. */
export const dearAnswers: readonly Attack[] = [
  answered('commas in a binary header of the answer to a call back', (id, i) =>
    Buffer.concat([
      frame(TYPE.headers, FLAG.endHeaders, id, Buffer.concat([RESPONSE, ...commaFields(i === 0)])),
      frame(TYPE.headers, END, id, OK),
    ]),
  ),
  answered(`a header ${REPEATED} times in the trailers of the answer to a call back`, (id, i) =>
    Buffer.concat([
      frame(TYPE.headers, FLAG.endHeaders, id, RESPONSE),
      frame(TYPE.headers, END, id, Buffer.concat([OK, ...repeatedFields('a', REPEATED, i === 0)])),
    ]),
  ),
  answered(
    '4 MiB in 4 KiB of gzip as the answer to a call back',
    (id) =>
      Buffer.concat([
        frame(TYPE.headers, FLAG.endHeaders, id, Buffer.concat([RESPONSE, GZIP])),
        data(id, LARGE_TEXT),
        frame(TYPE.headers, END, id, OK),
      ]),
    GZIP_BOUND_MIB,
  ),
];

function answered(what: string, answer: Answer, boundMiB = 48): Attack {
  return flood({
    what,
    boundMiB,
    unit: 'calls',
    perSecond: 40,
    open: (target) => http2Wire(target, { onCallBack: (stream) => serve(stream, answer) }),
    make: (i) => wholeCall(2 * i + 1, 'EchoBack', 64),
  });
}

function serve(stream: Duplex, answer: Answer): void {
  const reader = new FrameReader(PREFACE.length);
  let calls = 0;
  stream.write(GREETING);
  stream.on('data', (chunk: Buffer) => {
    for (const { type, id } of reader.read([chunk])) {
      if (type === TYPE.headers) stream.write(answer(id, calls++));
    }
  });
}
