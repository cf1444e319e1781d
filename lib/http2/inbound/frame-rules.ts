import { ErrorCode, Http2Flag, Http2FrameType } from '../protocol/frame.js';

/** Violation in a frame header; it ends the connection. */
export interface FrameProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Rules by frame type: whether it belongs on a stream or on stream 0, and its fixed payload length. */
const RULES: Record<number, { onStream?: boolean; fixed?: number }> = {
  [Http2FrameType.Data]: { onStream: true },
  [Http2FrameType.Headers]: { onStream: true },
  [Http2FrameType.Priority]: { onStream: true },
  [Http2FrameType.RstStream]: { onStream: true, fixed: 4 },
  [Http2FrameType.Settings]: { onStream: false },
  [Http2FrameType.Ping]: { onStream: false, fixed: 8 },
  [Http2FrameType.GoAway]: { onStream: false },
  [Http2FrameType.WindowUpdate]: { fixed: 4 },
};

/** Returns the violation in a frame header (RFC 9113, 4.2 and section 6); undefined if there is none. */
export function frameProblem(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): FrameProblem | undefined {
  const { fixed, onStream } = RULES[type] ?? {};
  if (onStream !== undefined && onStream !== streamId > 0) {
    return violation(`frame of type ${type} on stream ${streamId}`);
  }
  if (type === Http2FrameType.PushPromise) return violation('PUSH_PROMISE, though push is off');
  if (type === Http2FrameType.Continuation) return violation('CONTINUATION of nothing');
  if ((fixed !== undefined && length !== fixed) || !isPossibleLength(type, flags, length)) {
    return {
      code: ErrorCode.FrameSizeError,
      message: `frame of type ${type} with a payload of ${length} bytes`,
    };
  }
  return undefined;
}

function isPossibleLength(type: number, flags: number, length: number): boolean {
  if (type === Http2FrameType.Data || type === Http2FrameType.Headers)
    return length >= mandatoryLength(type, flags);
  if (type === Http2FrameType.GoAway) return length >= 8;
  if (type === Http2FrameType.Settings)
    return flags & Http2Flag.Ack ? length === 0 : length % 6 === 0;
  return true;
}

/** Bytes of the fields that the flags of DATA or HEADERS call for: pad length and priority. */
function mandatoryLength(type: number, flags: number): number {
  const padLength = flags & Http2Flag.Padded ? 1 : 0;
  const hasPriority = type === Http2FrameType.Headers && (flags & Http2Flag.Priority) !== 0;
  return hasPriority ? padLength + 5 : padLength;
}

function violation(message: string): FrameProblem {
  return { code: ErrorCode.ProtocolError, message };
}
