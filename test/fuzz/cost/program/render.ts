import { FLAG, frame, TYPE } from '../../../fixtures/http2/raw-client.js';
import { header } from '../../../fixtures/yamux-frames.js';
import { bodyOf } from './content.js';
import { headerBlock } from './header-block.js';
import { MOST_BYTES, type MessageStep, type Program, type Step } from './step.js';

/** What becomes of the steps: bytes for one of the layers, or another thing to do. */
export type Act =
  | { to: 'connection'; bytes: Buffer }
  | { to: number; bytes: Buffer; opensCall: boolean }
  | Extract<Step, { do: 'wait' | 'reading' | 'pieces' | 'end' }>;

interface Place {
  offset: number;
  carrierOffset: number;
}

/** What a repetition without bytes, as of waits, is cut to. */
const MOST_ACTS = 20_000;

/**
 * Acts of a program, one after the other.
 *
 * @param firstCarrier - the stream of yamux that HTTP/2 goes on to until a step says otherwise.
 */
export function* render(program: Program, firstCarrier: number): Generator<Act> {
  const state = { carrier: firstCarrier, acts: 0 };
  yield* renderSteps(program.steps, { offset: 0, carrierOffset: 0 }, state);
}

function* renderSteps(
  steps: readonly Step[],
  place: Place,
  state: { carrier: number; acts: number },
): Generator<Act> {
  for (const step of steps) {
    if ((state.acts += 1) > MOST_ACTS) return;
    switch (step.do) {
      case 'repeat':
        // An empty one adds no act, so nothing would end millions of them.
        if (step.steps.length === 0) break;
        for (let i = 0; i < step.times && state.acts <= MOST_ACTS; i += 1) {
          yield* renderSteps(
            step.steps,
            {
              offset: place.offset + i * step.stride,
              carrierOffset: place.carrierOffset + i * step.carrierStride,
            },
            state,
          );
        }
        break;
      case 'carrier':
        state.carrier = step.stream + place.carrierOffset;
        break;
      case 'bytes': {
        const unit = Buffer.from(step.hex, 'hex');
        const times = Math.min(step.times, Math.ceil(MOST_BYTES / Math.max(1, unit.length)));
        yield { to: 'connection', bytes: Buffer.alloc(unit.length * times, unit) };
        break;
      }
      case 'yamux':
        yield {
          to: 'connection',
          bytes: Buffer.concat([
            header(
              step.type & 0xffff,
              step.flags & 0xffff,
              (step.stream + place.carrierOffset) >>> 0,
              step.length >>> 0,
            ),
            Buffer.from(step.hex, 'hex'),
          ]),
        };
        break;
      case 'http2':
      case 'headers':
      case 'message':
        yield {
          to: state.carrier,
          bytes: frames(step, place.offset),
          opensCall: step.do === 'headers',
        };
        break;
      default:
        yield step;
    }
  }
}

function frames(
  step: Extract<Step, { do: 'http2' | 'headers' | 'message' }>,
  offset: number,
): Buffer {
  // Connection frames stay what they are in a repetition.
  const stream = step.stream === 0 ? 0 : (step.stream + offset) >>> 0;
  if (step.do === 'headers') return headers(step, stream);
  if (step.do === 'message') return messages(step, stream);
  const unit = Buffer.from(step.hex, 'hex');
  const bytes = frame(
    step.type & 255,
    step.flags & 255,
    stream,
    Buffer.alloc(Math.min(unit.length * step.fill, MOST_BYTES), unit),
  );
  if (step.length !== undefined) bytes.writeUIntBE(step.length & 0xffffff, 0, 3);
  return bytes;
}

function headers(step: Extract<Step, { do: 'headers' }>, stream: number): Buffer {
  const block = headerBlock(step.fields);
  const pieces = Math.max(1, Math.min(step.pieces, 2000), Math.ceil(block.length / 16_384));
  const size = Math.ceil(block.length / pieces);
  return Buffer.concat(
    Array.from({ length: pieces }, (_, i) => {
      const isLast = i === pieces - 1 && step.unfinished !== true;
      const end = i === 0 && step.endStream ? FLAG.endStream : 0;
      return frame(
        i === 0 ? TYPE.headers : TYPE.continuation,
        end | (isLast ? FLAG.endHeaders : 0),
        stream,
        block.subarray(i * size, (i + 1) * size),
      );
    }),
  );
}

function messages(step: MessageStep, stream: number): Buffer {
  const body = bodyOf(step.content, step.compression);
  const one = Buffer.alloc(5 + body.length);
  one[0] = step.compression === 'none' ? 0 : 1;
  one.writeUInt32BE((step.declared ?? body.length) >>> 0, 1);
  body.copy(one, 5);
  const count = Math.max(0, Math.min(step.count, Math.ceil(MOST_BYTES / one.length)));
  const bytes = Buffer.alloc(count * one.length, one).subarray(0, MOST_BYTES);
  const size = Math.max(1, Math.min(step.piece, 16_384 - 256));
  const padding = Math.min(step.padding, 255);
  const result: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += size) {
    const isLast = at + size >= bytes.length;
    const part = bytes.subarray(at, at + size);
    const end = isLast && step.endStream ? FLAG.endStream : 0;
    const padded = Buffer.concat([Buffer.of(padding), part, Buffer.alloc(padding)]);
    result.push(
      padding > 0
        ? frame(TYPE.data, FLAG.padded | end, stream, padded)
        : frame(TYPE.data, end, stream, part),
    );
  }
  return Buffer.concat(result);
}
