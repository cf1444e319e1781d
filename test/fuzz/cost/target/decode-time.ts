import { createRequire } from 'node:module';
import { cpu } from './cpu.js';

const requireHere = createRequire(import.meta.url);
const requireAsLoader = createRequire(requireHere.resolve('@grpc/proto-loader'));

type Work = (this: unknown, ...args: unknown[]) => unknown;

interface MessageType {
  name: string;
  setup(): MessageType;
  decode: Work;
  toObject: Work;
}

/** Messages of cost.proto that are inside of others, and may be many. */
const INNER = new Set(['Item', 'LabelsEntry']);

let depth = 0;
let total = 0;
let longest = 0;
let current = 0;

/** Milliseconds of processor time that protobufjs takes to decode messages: in all, and for one at most. */
export const decodeTime = {
  get total(): number {
    return total;
  },
  /** The longest since the last time that this was asked. */
  takeLongest(): number {
    const result = longest;
    longest = 0;
    return result;
  },
};

function timed(work: Work, isFirst: boolean): Work {
  return function (this: unknown, ...args) {
    if (depth > 0) return work.apply(this, args);
    depth += 1;
    const before = cpu();
    try {
      return work.apply(this, args);
    } finally {
      depth -= 1;
      const ms = cpu() - before;
      total += ms;
      // A message is decoded, and then made a plain object, at once.
      current = isFirst ? ms : current + ms;
      longest = Math.max(longest, current);
    }
  };
}

/** Begins to watch. To be called before the first message is decoded. */
export function watchDecodeTime(): void {
  const { Type } = requireAsLoader('protobufjs') as { Type: { prototype: MessageType } };
  const setup = Type.prototype.setup;
  Type.prototype.setup = function () {
    const type = setup.call(this);
    if (INNER.has(type.name)) return type;
    type.decode = timed(type.decode, true);
    type.toObject = timed(type.toObject, false);
    return type;
  };
}
