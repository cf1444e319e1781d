import { ErrorCode, Flag, FrameType } from './frame.js';

/** What is wrong with a frame; the connection ends for it. */
export interface FrameProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** For each type of frame whether it belongs on a stream, and the only length that it may have. */
const RULES: Record<number, { onStream?: boolean; fixed?: number }> = {
  [FrameType.Data]: { onStream: true },
  [FrameType.Headers]: { onStream: true },
  [FrameType.Priority]: { onStream: true },
  [FrameType.RstStream]: { onStream: true, fixed: 4 },
  [FrameType.Settings]: { onStream: false },
  [FrameType.Ping]: { onStream: false, fixed: 8 },
  [FrameType.GoAway]: { onStream: false },
  [FrameType.WindowUpdate]: { fixed: 4 },
};

/** What can be wrong with a frame before its payload is read (RFC 9113, section 6). */
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
  if (type === FrameType.PushPromise) return violation('PUSH_PROMISE, though push is off');
  if (type === FrameType.Continuation) return violation('CONTINUATION of nothing');
  if ((fixed !== undefined && length !== fixed) || !isPossibleLength(type, flags, length)) {
    return {
      code: ErrorCode.FrameSizeError,
      message: `frame of type ${type} with a payload of ${length} bytes`,
    };
  }
  return undefined;
}

function isPossibleLength(type: number, flags: number, length: number): boolean {
  if (type === FrameType.GoAway) return length >= 8;
  if (type === FrameType.Settings) return flags & Flag.Ack ? length === 0 : length % 6 === 0;
  return true;
}

function violation(message: string): FrameProblem {
  return { code: ErrorCode.ProtocolError, message };
}
