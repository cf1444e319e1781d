/** Limit in bytes for the debug data of a GOAWAY, sent or received; limit in characters for `printable`. */
const MAX_TEXT_LENGTH = 1024;

/**
 * Control characters, line separators, and invisible characters such as those that change the text
 * direction. With them, a text can forge log lines.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Makes `text` safe for a log: at most 1024 characters, and U+FFFD in place of unprintable ones. */
export function printable(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).replace(UNPRINTABLE, '\ufffd');
}

/** Encodes the debug data of a GOAWAY as UTF-8 of at most 1024 bytes, truncated between characters. */
export function encodeReason(text: string): Uint8Array {
  const bytes = new Uint8Array(MAX_TEXT_LENGTH);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/** Decodes the debug data of the peer's GOAWAY as text that is safe for a log; see `printable`. */
export function decodeReason(debugData: Buffer): string {
  return printable(debugData.toString('utf8', 0, MAX_TEXT_LENGTH));
}
