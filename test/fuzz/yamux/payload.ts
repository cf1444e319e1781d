/** Bytes that repeat after so many. */
const PERIOD = 512 * 1024;
/** Longest payload that can be had in one piece. */
export const MAX_PAYLOAD = PERIOD;

const twice = Buffer.alloc(2 * PERIOD);
for (let at = 0, state = 1; at < PERIOD; at++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  twice[at] = twice[at + PERIOD] = state >>> 24;
}

/** What is sent on a stream, `length` bytes from `position` on: each stream and direction has its own. */
export function payloadOf(way: number, position: number, length: number): Buffer {
  const start = (way * 7919 + position) % PERIOD;
  return twice.subarray(start, start + length);
}

/** Whether `bytes` are what was sent there. */
export function isPayload(way: number, position: number, bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += PERIOD) {
    const part = bytes.subarray(at, at + PERIOD);
    if (!part.equals(payloadOf(way, position + at, part.length))) return false;
  }
  return true;
}
