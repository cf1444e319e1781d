import { type ErrorCode, FRAME_HEADER_LENGTH, FrameType } from './frame.js';

/** Bytes of text that a GOAWAY has at most. */
const MAX_TEXT_LENGTH = 1024;

/**
 * All that a server has to say to a client it does not serve: a GOAWAY instead of its SETTINGS. What
 * connects takes that for a failed attempt, rather than for a connection that was lost.
 *
 * @param message - cut where it is too long, between two characters.
 */
export function encodeRefusal(code: ErrorCode, message: string): Buffer {
  const text = new Uint8Array(MAX_TEXT_LENGTH);
  const { written } = new TextEncoder().encodeInto(message, text);
  const frame = Buffer.alloc(FRAME_HEADER_LENGTH + 8 + written);
  frame.writeUIntBE(8 + written, 0, 3);
  frame.writeUInt8(FrameType.GoAway, 3);
  frame.writeUInt32BE(code, FRAME_HEADER_LENGTH + 4);
  frame.set(text.subarray(0, written), FRAME_HEADER_LENGTH + 8);
  return frame;
}

/**
 * Why the other end says GOAWAY, as text for people: cut where it is long, and without characters that
 * would end the line in a log, or that a terminal obeys.
 */
export function decodeReason(debugData: Buffer): string {
  return debugData.toString('utf8', 0, MAX_TEXT_LENGTH).replace(/\p{Cc}|\p{Zl}|\p{Zp}/gu, '\ufffd');
}
