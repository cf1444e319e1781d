import { type ErrorCode, FRAME_HEADER_LENGTH, FrameType } from './frame.js';

/**
 * All that a server has to say to a client it does not serve: a GOAWAY instead of its SETTINGS. What
 * connects takes that for a failed attempt, rather than for a connection that was lost.
 */
export function encodeRefusal(code: ErrorCode, message: string): Buffer {
  const text = Buffer.from(message);
  const frame = Buffer.alloc(FRAME_HEADER_LENGTH + 8 + text.length);
  frame.writeUIntBE(8 + text.length, 0, 3);
  frame.writeUInt8(FrameType.GoAway, 3);
  frame.writeUInt32BE(code, FRAME_HEADER_LENGTH + 4);
  text.copy(frame, FRAME_HEADER_LENGTH + 8);
  return frame;
}
