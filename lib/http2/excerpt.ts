/** Characters of a peer's text that are repeated in an answer, an error or a log line. */
const MAX_LENGTH = 100;

/**
 * The beginning of a text that a peer has sent, short enough to be repeated: a text of some KiB may have
 * cost the peer one byte, and percent-encoding makes up to nine bytes of each character.
 *
 * A text of up to 100 characters is returned as it is; of a longer one the first 100 and "...".
 */
export function excerpt(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  // Half of a surrogate pair is no character.
  const endsInPair = (text.charCodeAt(MAX_LENGTH - 1) & 0xfc00) === 0xd800;
  return `${text.slice(0, endsInPair ? MAX_LENGTH - 1 : MAX_LENGTH)}...`;
}
