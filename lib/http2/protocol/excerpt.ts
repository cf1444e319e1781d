/** Largest number of characters of a peer's text that are repeated in an answer, an error or a log line. */
const MAX_LENGTH = 100;

/**
 * Shortens a text of the peer so that this side can repeat it. A text of some KiB may have cost the peer
 * one byte (an HPACK index), and percent-encoding makes up to nine bytes of each character.
 *
 * Returns a text of up to 100 characters unchanged; of a longer one the first 100, followed by "...".
 */
export function excerpt(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  // Do not split a surrogate pair.
  const endsInPair = (text.charCodeAt(MAX_LENGTH - 1) & 0xfc00) === 0xd800;
  return `${text.slice(0, endsInPair ? MAX_LENGTH - 1 : MAX_LENGTH)}...`;
}
