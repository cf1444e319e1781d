/** Longest string built in JavaScript: V8 joins up to 12 characters by copying, longer strings as ropes. */
const SHORT = 12;

/**
 * Decodes the bytes from `start` to `end` as a string, one character for each byte. Short strings are built
 * in JavaScript, which is several times faster than a call into Node.js.
 */
export function latin1(bytes: Buffer, start: number, end: number): string {
  if (end - start > SHORT) return bytes.toString('latin1', start, end);
  const char = String.fromCharCode;
  let text = '';
  let at = start;
  for (; at + 4 <= end; at += 4) {
    text += char(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  }
  for (; at < end; at++) text += char(bytes[at]!);
  return text;
}
