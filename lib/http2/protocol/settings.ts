import {
  DEFAULT_MAX_FRAME_SIZE,
  DEFAULT_WINDOW_SIZE,
  ErrorCode,
  LARGEST_MAX_FRAME_SIZE,
  MAX_WINDOW_SIZE,
  Setting,
} from './frame.js';
import { http2Error } from './errors.js';

/** Settings that one side announces to the other (RFC 9113, 6.5.2). */
export interface Http2Settings {
  /** Bytes of the HPACK dynamic table that the other side may use to compress headers. */
  headerTableSize: number;
  /** Streams that the other side may have open at once. */
  maxConcurrentStreams: number;
  /** Initial window of a new stream: bytes that the other side may send before it gets credit. */
  initialWindowSize: number;
  /** Largest frame payload that the other side may send, in bytes. */
  maxFrameSize: number;
  /** Largest header list that is accepted: bytes of names and values, plus 32 for each header. */
  maxHeaderListSize: number;
}

/** Settings of a side before its first SETTINGS frame (RFC 9113, 6.5.2). */
export const INITIAL_SETTINGS: Readonly<Http2Settings> = Object.freeze({
  headerTableSize: 4096,
  maxConcurrentStreams: Infinity,
  initialWindowSize: DEFAULT_WINDOW_SIZE,
  maxFrameSize: DEFAULT_MAX_FRAME_SIZE,
  maxHeaderListSize: Infinity,
});

const ENTRY_LENGTH = 6;

/** Payload of a SETTINGS frame with the values that differ from the initial ones. A client disables push. */
export function encodeSettings(settings: Http2Settings, isClient: boolean): Buffer {
  const entries: [id: number, value: number][] = [];
  const add = (id: number, value: number, initial: number): void => {
    if (value !== initial) entries.push([id, value]);
  };
  add(Setting.HeaderTableSize, settings.headerTableSize, INITIAL_SETTINGS.headerTableSize);
  if (isClient) entries.push([Setting.EnablePush, 0]);
  add(Setting.MaxConcurrentStreams, settings.maxConcurrentStreams, Infinity);
  add(Setting.InitialWindowSize, settings.initialWindowSize, INITIAL_SETTINGS.initialWindowSize);
  add(Setting.MaxFrameSize, settings.maxFrameSize, INITIAL_SETTINGS.maxFrameSize);
  add(Setting.MaxHeaderListSize, settings.maxHeaderListSize, Infinity);
  return encodeEntries(entries);
}

/** Payload of a SETTINGS frame that changes only the initial window. */
export function encodeInitialWindow(bytes: number): Buffer {
  return encodeEntries([[Setting.InitialWindowSize, bytes]]);
}

function encodeEntries(entries: readonly [id: number, value: number][]): Buffer {
  const payload = Buffer.alloc(ENTRY_LENGTH * entries.length);
  entries.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, ENTRY_LENGTH * i);
    payload.writeUInt32BE(value, ENTRY_LENGTH * i + 2);
  });
  return payload;
}

/**
 * Returns the peer's settings after a SETTINGS frame with this payload.
 *
 * @throws Http2Error of scope `connection` for a value that is not allowed.
 */
export function applySettings(
  current: Readonly<Http2Settings>,
  payload: Buffer,
  peerIsClient: boolean,
): Http2Settings {
  const settings = { ...current };
  for (let at = 0; at < payload.length; at += ENTRY_LENGTH) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case Setting.HeaderTableSize:
        settings.headerTableSize = value;
        break;
      case Setting.EnablePush:
        verify(value === 0 || (value === 1 && peerIsClient), 'ENABLE_PUSH', value);
        break;
      case Setting.MaxConcurrentStreams:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.InitialWindowSize:
        verify(value <= MAX_WINDOW_SIZE, 'INITIAL_WINDOW_SIZE', value, ErrorCode.FlowControlError);
        settings.initialWindowSize = value;
        break;
      case Setting.MaxFrameSize:
        verify(
          value >= DEFAULT_MAX_FRAME_SIZE && value <= LARGEST_MAX_FRAME_SIZE,
          'MAX_FRAME_SIZE',
          value,
        );
        settings.maxFrameSize = value;
        break;
      case Setting.MaxHeaderListSize:
        settings.maxHeaderListSize = value;
        break;
    }
  }
  return settings;
}

function verify(
  ok: boolean,
  name: string,
  value: number,
  code: ErrorCode = ErrorCode.ProtocolError,
): void {
  if (!ok) throw http2Error('connection', code, `the peer set ${name} to ${value}`);
}
