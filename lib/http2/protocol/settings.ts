import { http2Error } from './errors.js';
import {
  DEFAULT_MAX_FRAME_SIZE,
  DEFAULT_WINDOW_SIZE,
  ErrorCode,
  LARGEST_MAX_FRAME_SIZE,
  MAX_WINDOW_SIZE,
} from './frame.js';
import { MAX_UINT32, type NumberRule } from './number-rule.js';

const KIB = 1024;

/** A setting that one side announces to the other by SETTINGS. */
interface SettingRule {
  /** Identifier on the wire. */
  readonly id: number;
  /** Name in its RFC, without `SETTINGS_`. */
  readonly name: string;
  /** Value of a side that has announced none; Infinity for no limit. */
  readonly initial: number;
  /** Whether the peer may announce `value` after `previous`. Default: every value is valid. */
  readonly accepts?: (value: number, previous: number, peerIsClient: boolean) => boolean;
  /** Code of the connection error for a value that is not accepted. Default: PROTOCOL_ERROR. */
  readonly error?: ErrorCode;
}

/** A setting that is an option of the connection, with the same name. */
interface OptionalSetting extends SettingRule {
  readonly option: NumberRule;
}

/** A setting that follows from the role of this side. */
interface FixedSetting extends SettingRule {
  /** Value of this side. */
  readonly fixed: (isClient: boolean) => number;
}

/**
 * The one table of settings (RFC 9113, 6.5.2). Their types, initial values, encoding and verification come
 * from it, as do the defaults and ranges of their options. Its doc blocks are those of `Http2Settings`, too.
 */
const SETTINGS = {
  /** Bytes of the HPACK dynamic table that the other side may use to compress headers. */
  headerTableSize: {
    id: 1,
    name: 'HEADER_TABLE_SIZE',
    initial: 4096,
    option: { value: 4096, min: 0, max: MAX_WINDOW_SIZE },
  },
  /** Whether the other side may push: 1 or 0. Clients of this package take no pushes. */
  enablePush: {
    id: 2,
    name: 'ENABLE_PUSH',
    initial: 1,
    accepts: (value, _previous, peerIsClient) => value === 0 || (value === 1 && peerIsClient),
    fixed: (isClient) => (isClient ? 0 : 1),
  },
  /** Streams that the other side may have open at once. */
  maxConcurrentStreams: {
    id: 3,
    name: 'MAX_CONCURRENT_STREAMS',
    initial: Infinity,
    option: { value: 1000, min: 0, max: MAX_UINT32, unlimited: true },
  },
  /** Initial window of a new stream: bytes that the other side may send before it gets credit. */
  initialWindowSize: {
    id: 4,
    name: 'INITIAL_WINDOW_SIZE',
    initial: DEFAULT_WINDOW_SIZE,
    accepts: (value) => value <= MAX_WINDOW_SIZE,
    error: ErrorCode.FlowControlError,
    option: { value: 256 * KIB, min: 1, max: MAX_WINDOW_SIZE },
  },
  /** Largest frame payload that the other side may send, in bytes. */
  maxFrameSize: {
    id: 5,
    name: 'MAX_FRAME_SIZE',
    initial: DEFAULT_MAX_FRAME_SIZE,
    accepts: (value) => value >= DEFAULT_MAX_FRAME_SIZE && value <= LARGEST_MAX_FRAME_SIZE,
    option: {
      value: DEFAULT_MAX_FRAME_SIZE,
      min: DEFAULT_MAX_FRAME_SIZE,
      max: LARGEST_MAX_FRAME_SIZE,
    },
  },
  /** Largest header list that is accepted: bytes of names and values, plus 32 for each header. */
  maxHeaderListSize: {
    id: 6,
    name: 'MAX_HEADER_LIST_SIZE',
    initial: Infinity,
    option: { value: 64 * KIB, min: 0, max: MAX_UINT32, unlimited: true },
  },
} satisfies Record<string, OptionalSetting | FixedSetting>;

type Table = typeof SETTINGS;

/** Settings that one side has announced to the other. */
export type Http2Settings = { [Name in keyof Table]: number };

/** Settings of this side that are options of its connection. */
export type SettingOptions = {
  [Name in keyof Table as Table[Name] extends OptionalSetting ? Name : never]: number;
};

type Row = [name: keyof Table, rule: OptionalSetting | FixedSetting];

const ROWS = Object.entries(SETTINGS) as Row[];
const ROWS_BY_ID = new Map(ROWS.map((row) => [row[1].id, row]));

/** Settings of a side before its first SETTINGS frame. */
export const INITIAL_SETTINGS = Object.freeze(
  Object.fromEntries(ROWS.map(([name, { initial }]) => [name, initial])),
) as Readonly<Http2Settings>;

/** Defaults and ranges of the options that set a setting. */
export const SETTING_OPTION_RULES = Object.fromEntries(
  ROWS.flatMap(([name, rule]) => ('option' in rule ? [[name, rule.option]] : [])),
) as Readonly<Record<keyof SettingOptions, NumberRule>>;

const ENTRY_LENGTH = 6;

/** Payload of a SETTINGS frame with the values of this side that differ from the initial ones. */
export function encodeSettings(options: Readonly<SettingOptions>, isClient: boolean): Buffer {
  const entries: [id: number, value: number][] = [];
  for (const [name, rule] of ROWS) {
    const value = 'fixed' in rule ? rule.fixed(isClient) : options[name as keyof SettingOptions];
    if (value !== rule.initial) entries.push([rule.id, value]);
  }
  return encodeEntries(entries);
}

/** Payload of a SETTINGS frame that changes only the initial window. */
export function encodeInitialWindow(bytes: number): Buffer {
  return encodeEntries([[SETTINGS.initialWindowSize.id, bytes]]);
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
 * Returns the peer's settings after a SETTINGS frame with this payload. Unknown settings are ignored.
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
    const row = ROWS_BY_ID.get(payload.readUInt16BE(at));
    if (row === undefined) continue;
    const [field, { name, accepts, error = ErrorCode.ProtocolError }] = row;
    const value = payload.readUInt32BE(at + 2);
    if (accepts?.(value, settings[field], peerIsClient) === false)
      throw http2Error('connection', error, `the peer set ${name} to ${value}`);
    settings[field] = value;
  }
  return settings;
}
