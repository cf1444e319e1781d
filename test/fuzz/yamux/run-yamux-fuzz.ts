import { Random } from '../../unit/http2/hpack/random.js';
import { compareParser } from './parser-model.js';
import { randomScript } from './script.js';
import { SessionFuzz, type SessionFuzzResult } from './session-fuzz.js';

/** Things that happen in one session. */
const STEPS_OF_A_CASE = 400;
/** Frames that the parser finds in one case. */
const FRAMES_OF_A_CASE = 200;

/** One session at random. */
export function fuzzYamuxSession(seed: number): Promise<SessionFuzzResult> {
  return new SessionFuzz(randomScript(new Random(seed), STEPS_OF_A_CASE)).run();
}

/** The parser alone, over frames good and bad, cut anywhere. Returns how many it was given. */
export function fuzzYamuxParser(seed: number): number {
  const random = new Random(seed);
  const wildness = random.pick([0, 0.001, 0.02]);
  const frames: Buffer[] = [];
  while (frames.length < FRAMES_OF_A_CASE) frames.push(randomFrame(random, wildness));
  const bytes = Buffer.concat(frames).subarray(
    0,
    random.chance(0.5) ? undefined : -random.below(40) - 1,
  );
  const longest = random.pick([1, 5, 30, 3000, bytes.length]);
  const cuts: number[] = [];
  for (let at = 0; (at += 1 + random.below(longest)) < bytes.length;) cuts.push(at);
  compareParser(bytes, cuts);
  return frames.length;
}

function randomFrame(random: Random, wildness: number): Buffer {
  const isData = random.chance(0.5);
  const payload = isData
    ? random.bytes(random.chance(0.02) ? random.below(2000) : random.below(20))
    : [];
  const header = random.bytes(12);
  header.writeUInt16BE(isData ? 0 : 1 + random.below(3), 0);
  if (isData) header.writeUInt32BE(payload.length, 8);
  const frame = Buffer.concat([header, Buffer.from(payload)]);
  if (random.chance(wildness)) frame[random.below(frame.length)] = random.below(256);
  return frame;
}
