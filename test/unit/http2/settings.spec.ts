import { describe, expect, it } from 'vitest';
import { DEFAULT_HTTP2_OPTIONS, ErrorCode, verifyHttp2Options } from '../../../lib/http2/index.js';
import {
  applySettings,
  encodeInitialWindow,
  encodeSettings,
  INITIAL_SETTINGS,
} from '../../../lib/http2/protocol/settings.js';
import { settings } from '../../fixtures/http2/connections.js';

const HEADER_LENGTH = 9;

type Entry = [id: number, value: number];

const payloadOf = (...entries: Entry[]): Buffer => settings(...entries).subarray(HEADER_LENGTH);

/** Options with which a side has nothing to announce. */
const SILENT = verifyHttp2Options({
  headerTableSize: 4096,
  maxConcurrentStreams: Infinity,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: Infinity,
});

describe('settings of this side', () => {
  it('are announced where they differ from the initial values', () => {
    expect(encodeSettings(SILENT, false)).toEqual(payloadOf());
    expect(encodeSettings(DEFAULT_HTTP2_OPTIONS, false)).toEqual(
      payloadOf([3, 1000], [4, 262_144], [6, 65_536]),
    );
  });

  it('allow no push if this side is the client', () => {
    expect(encodeSettings(SILENT, true)).toEqual(payloadOf([2, 0]));
  });

  it('can change the initial window alone', () => {
    expect(encodeInitialWindow(5)).toEqual(payloadOf([4, 5]));
  });

  it('are read by the other side as they are', () => {
    const options = verifyHttp2Options({ headerTableSize: 0, maxFrameSize: 2 ** 24 - 1 });
    const { headerTableSize, maxConcurrentStreams, initialWindowSize } = options;
    const { maxFrameSize, maxHeaderListSize } = options;

    expect(applySettings(INITIAL_SETTINGS, encodeSettings(options, true), true)).toEqual({
      ...INITIAL_SETTINGS,
      headerTableSize,
      enablePush: 0,
      maxConcurrentStreams,
      initialWindowSize,
      maxFrameSize,
      maxHeaderListSize,
    });
  });
});

describe('settings of the peer', () => {
  it('keep their values until the peer changes them', () => {
    const first = applySettings(INITIAL_SETTINGS, payloadOf([1, 0], [3, 7]), true);
    const second = applySettings(first, payloadOf([3, 8]), true);

    expect(first).toEqual({ ...INITIAL_SETTINGS, headerTableSize: 0, maxConcurrentStreams: 7 });
    expect(second).toEqual({ ...INITIAL_SETTINGS, headerTableSize: 0, maxConcurrentStreams: 8 });
  });

  it('have the last value of a frame that names them twice', () => {
    expect(applySettings(INITIAL_SETTINGS, payloadOf([3, 7], [3, 8]), true)).toMatchObject({
      maxConcurrentStreams: 8,
    });
  });

  it('may be unknown, and are then ignored', () => {
    const payload = payloadOf([0, 1], [0x7777, 2], [3, 7]);

    expect(applySettings(INITIAL_SETTINGS, payload, true)).toEqual({
      ...INITIAL_SETTINGS,
      maxConcurrentStreams: 7,
    });
  });

  it.each<[of: 'client' | 'server', ...Entry]>([
    ['client', 1, 2 ** 32 - 1],
    ['client', 2, 0],
    ['client', 2, 1],
    ['server', 2, 0],
    ['client', 3, 2 ** 32 - 1],
    ['client', 4, 2 ** 31 - 1],
    ['client', 5, 16_384],
    ['client', 5, 2 ** 24 - 1],
    ['client', 6, 2 ** 32 - 1],
  ])('of a %s may be %i: %i', (of, id, value) => {
    const isClient = of === 'client';

    expect(() => applySettings(INITIAL_SETTINGS, payloadOf([id, value]), isClient)).not.toThrow();
  });

  it.each<[of: 'client' | 'server', ...Entry, code: ErrorCode, name: string]>([
    ['client', 2, 2, ErrorCode.ProtocolError, 'ENABLE_PUSH'],
    ['server', 2, 1, ErrorCode.ProtocolError, 'ENABLE_PUSH'],
    ['client', 4, 2 ** 31, ErrorCode.FlowControlError, 'INITIAL_WINDOW_SIZE'],
    ['client', 5, 16_383, ErrorCode.ProtocolError, 'MAX_FRAME_SIZE'],
    ['client', 5, 2 ** 24, ErrorCode.ProtocolError, 'MAX_FRAME_SIZE'],
  ])('of a %s end the connection with %i: %i', (of, id, value, http2Code, name) => {
    const apply = (): unknown =>
      applySettings(INITIAL_SETTINGS, payloadOf([id, value]), of === 'client');

    expect(apply).toThrow(
      expect.objectContaining({
        scope: 'connection',
        http2Code,
        message: `the peer set ${name} to ${value}`,
      }),
    );
  });
});
