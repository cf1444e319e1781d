import type { Random } from '../../unit/http2/hpack/random.js';

const EXTREMES = ['00000000', 'ffffffff', '7fffffff', '80000000', '00040000', '00010001'];

/** The bytes of a recording, with a few things about them changed. */
export function mutate(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  let mutated = bytes;
  for (let i = random.below(6); i >= 0; i--) mutated = mutateOnce(random, mutated, others);
  return mutated;
}

function mutateOnce(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  // What comes first decides most.
  const at = random.below((random.chance(0.4) ? Math.min(bytes.length, 200) : bytes.length) + 1);
  const length = random.chance(0.8) ? 1 + random.below(20) : 1 + random.below(5000);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(8)) {
    case 0: // Flip a bit.
      return change(bytes, at, (copy) => (copy[at]! ^= 1 << random.below(8)));
    case 1: // Overwrite.
      return change(bytes, at, (copy) => random.bytes(Math.min(length, 20)).copy(copy, at));
    case 2: // The limits of numbers.
      return change(bytes, at, (copy) => Buffer.from(random.pick(EXTREMES), 'hex').copy(copy, at));
    case 3: // Insert.
      return Buffer.concat([before, random.bytes(Math.min(length, 300)), after]);
    case 4: // Delete.
      return Buffer.concat([before, after.subarray(length)]);
    case 5: // Duplicate, once or a hundred times.
      return Buffer.concat([
        before,
        ...Array<Buffer>(random.pick([1, 1, 2, 100])).fill(
          after.subarray(0, Math.min(length, 500)),
        ),
        after,
      ]);
    case 6: // Go on as another one does.
      return Buffer.concat([before, random.pick(others).subarray(at)]);
    default: // Stop in the middle.
      return random.chance(0.3) ? before : bytes;
  }
}

function change(bytes: Buffer, at: number, act: (copy: Buffer) => void): Buffer {
  if (at >= bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  act(copy);
  return copy;
}
