/** Bytes of text that a GOAWAY of this side has, and characters that are kept of one of the peer. */
const MAX_TEXT_LENGTH = 1024;

/**
 * Controls, separators of lines, and invisible characters such as those that change the direction of
 * text: any of them can make one line of a log look like something else.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `text` as one line of a log: of at most 1024 characters, and without any that could forge another line. */
export function printable(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).replace(UNPRINTABLE, '\ufffd');
}

/** The debug data of a GOAWAY: UTF-8, cut between two characters after 1024 bytes. */
export function encodeReason(text: string): Uint8Array {
  const bytes = new Uint8Array(MAX_TEXT_LENGTH);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/** The debug data of a GOAWAY of the peer, as text that can be logged. */
export function decodeReason(debugData: Buffer): string {
  return printable(debugData.toString('utf8', 0, MAX_TEXT_LENGTH));
}
