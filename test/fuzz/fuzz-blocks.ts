import { ByteWriter } from '../../lib/http2/hpack/byte-writer.js';
import { HpackDecoder, HpackEncoder, HpackError } from '../../lib/http2/hpack/index.js';
import { Random, RandomHeaders } from '../unit/http2/hpack/random.js';

/** What a decoder may report of one block: names, values and 32 for each. */
const MAX_LIST_SIZE = 4096;

/** Header blocks: round trips while tables change their size, and blocks that were tampered with. */
export function fuzzBlocks(seed: number, count: number): void {
  const random = new Random(seed);
  const generator = new RandomHeaders(random);
  const out = new ByteWriter();
  const limit = random.pick([0, 64, 500, 4096, 20_000]);
  const encoder = new HpackEncoder({ maxTableSize: limit });
  const decoder = new HpackDecoder({ maxTableSize: 65_536, maxHeaderListSize: Infinity });
  const victim = new HpackDecoder({ maxTableSize: 65_536, maxHeaderListSize: MAX_LIST_SIZE });
  let isVictimAlive = true;
  for (let i = 0; i < count; i++) {
    if (random.chance(0.05)) encoder.setMaxTableSize(random.pick([0, 50, 1000, 4096, 65_536]));
    const headers = generator.list(8).flatMap(([name, value]) => [name, value]);
    out.reset();
    encoder.encode(headers, out);
    const block = Buffer.from(out.written());
    const decoded: string[] = [];
    decoder.decode(block, 0, block.length, (name, value) => decoded.push(name, value));
    if (decoded.length !== headers.length || decoded.some((text, at) => text !== headers[at])) {
      throw new Error(`block ${i} came back as another one: ${block.toString('hex')}`);
    }
    const fresh = random.chance(0.1);
    const tampered = fresh ? random.bytes(random.length(300)) : tamper(random, block);
    const target = isVictimAlive ? victim : new HpackDecoder({ maxHeaderListSize: MAX_LIST_SIZE });
    const survived = survives(target, tampered);
    if (target === victim) isVictimAlive = survived;
  }
}

function tamper(random: Random, block: Buffer): Buffer {
  const copy = Buffer.from(block);
  if (copy.length === 0) return copy;
  for (let i = random.below(4); i > 0; i--) copy[random.below(copy.length)] = random.below(256);
  return random.chance(0.2) ? copy.subarray(0, random.below(copy.length)) : copy;
}

/** False after an HpackError; any other is a bug. */
function survives(decoder: HpackDecoder, block: Buffer): boolean {
  let size = 0;
  try {
    decoder.decode(block, 0, block.length, (name, value) => {
      size += name.length + value.length + 32;
    });
  } catch (error) {
    if (!(error instanceof HpackError)) throw error;
    return false;
  }
  if (size > MAX_LIST_SIZE) throw new Error(`a header list of ${size} bytes was let through`);
  return true;
}
