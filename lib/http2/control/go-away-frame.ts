import { FRAME_HEADER_LENGTH, Http2FrameType } from '../protocol/frame.js';
import { writeFrameHeader } from '../outbound/frame-header.js';
import { encodeReason } from '../protocol/reason.js';

/**
 * Encodes the payload of a GOAWAY frame (RFC 9113, 6.8).
 *
 * @param message - the debug data, truncated to 1024 bytes.
 */
export function goAwayPayload(lastStreamId: number, code: number, message: string): Buffer {
  const text = encodeReason(message);
  const payload = Buffer.alloc(8 + text.length);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  payload.set(text, 8);
  return payload;
}

/**
 * Encodes a whole GOAWAY, for a connection without an `Http2Connection`. A server that sends the frame in
 * place of its SETTINGS refuses the client: every HTTP/2 client treats that as a failed connection attempt,
 * and backs off.
 */
export function encodeGoAway(code: number, message: string, lastStreamId = 0): Buffer {
  const payload = goAwayPayload(lastStreamId, code, message);
  const header = Buffer.alloc(FRAME_HEADER_LENGTH);
  writeFrameHeader(header, 0, Http2FrameType.GoAway, 0, 0, payload.length);
  return Buffer.concat([header, payload]);
}
