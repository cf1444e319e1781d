/** Characters per percent-encoded byte. */
const ENCODED_BYTE = 3;
/** First code points that take two, three and four bytes in UTF-8. */
const TWO_BYTES = 0x80;
const THREE_BYTES = 0x800;
const FOUR_BYTES = 0x1_0000;

/**
 * Returns the longest prefix of `text` that takes at most `limit` characters when it is percent-encoded.
 * Never splits a character.
 *
 * @param isPlain - whether an ASCII character is sent without encoding.
 */
export function cutStatusText(
  text: string,
  limit: number,
  isPlain: (codePoint: number) => boolean,
): string {
  let left = limit;
  let at = 0;
  while (at < text.length) {
    const codePoint = text.codePointAt(at)!;
    left -= lengthOf(codePoint, isPlain);
    if (left < 0) return text.slice(0, at);
    at += codePoint < FOUR_BYTES ? 1 : 2;
  }
  return text;
}

function lengthOf(codePoint: number, isPlain: (codePoint: number) => boolean): number {
  if (codePoint < TWO_BYTES) return isPlain(codePoint) ? 1 : ENCODED_BYTE;
  if (codePoint < THREE_BYTES) return 2 * ENCODED_BYTE;
  return (codePoint < FOUR_BYTES ? 3 : 4) * ENCODED_BYTE;
}
