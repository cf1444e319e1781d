import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_YAMUX_CONFIG,
  verifyYamuxConfig,
  YamuxError,
  YamuxSession,
  type YamuxConfig,
} from '../../../lib/yamux/index.js';

describe('yamux configuration', () => {
  it('has the defaults of Go, but for keepalive, and limits that Go has not', () => {
    expect(verifyYamuxConfig()).toEqual(DEFAULT_YAMUX_CONFIG);
    expect(DEFAULT_YAMUX_CONFIG).toEqual({
      initialStreamWindowSize: 262_144,
      maxStreamWindowSize: 262_144,
      maxSessionWindowSize: 268_435_456,
      acceptBacklog: 256,
      maxInboundStreams: 1024,
      maxUselessFrames: 20_000,
      uselessFramesPerSecond: 2000,
      maxResets: 5000,
      resetsPerSecond: 500,
      maxFrameSize: 65_536,
      chunks: 'kept',
      streamOpenTimeoutMs: 75_000,
      streamCloseTimeoutMs: 300_000,
      connectionWriteTimeoutMs: 10_000,
      keepAlive: false,
      keepAliveIntervalMs: 30_000,
    });
  });

  it('completes what is set with the defaults, and cannot be changed afterwards', () => {
    const config = verifyYamuxConfig({ acceptBacklog: 1, maxStreamWindowSize: 16_777_216 });

    expect(config).toEqual({
      ...DEFAULT_YAMUX_CONFIG,
      acceptBacklog: 1,
      maxStreamWindowSize: 16_777_216,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(DEFAULT_YAMUX_CONFIG)).toBe(true);
  });

  it('takes undefined for not set', () => {
    expect(verifyYamuxConfig({ acceptBacklog: undefined as never })).toEqual(DEFAULT_YAMUX_CONFIG);
  });

  it.each<[keyof YamuxConfig, number | boolean | string]>([
    ['initialStreamWindowSize', 262_144],
    ['initialStreamWindowSize', 0xffffffff],
    ['maxStreamWindowSize', 262_144],
    ['maxStreamWindowSize', 0xffffffff],
    ['maxSessionWindowSize', 262_144],
    ['maxSessionWindowSize', 2 ** 53 - 1],
    ['acceptBacklog', 1],
    ['maxInboundStreams', 1],
    ['maxUselessFrames', 1],
    ['uselessFramesPerSecond', 0],
    ['maxResets', 1],
    ['resetsPerSecond', 0],
    ['maxFrameSize', 1],
    ['maxFrameSize', 1_048_576],
    ['streamOpenTimeoutMs', 0],
    ['streamCloseTimeoutMs', 0],
    ['connectionWriteTimeoutMs', 0],
    ['keepAliveIntervalMs', 1],
    ['keepAlive', true],
    ['chunks', 'kept'],
    ['chunks', 'borrowed'],
  ])('accepts %s = %s', (name, value) => {
    expect(verifyYamuxConfig({ [name]: value })[name]).toBe(value);
  });

  it.each<[keyof YamuxConfig, unknown]>([
    ['initialStreamWindowSize', 262_143],
    ['initialStreamWindowSize', 0x1_0000_0000],
    ['initialStreamWindowSize', 300_000.5],
    ['initialStreamWindowSize', '1MiB'],
    ['maxStreamWindowSize', 262_143],
    ['maxStreamWindowSize', 0x1_0000_0000],
    ['maxStreamWindowSize', Infinity],
    ['maxSessionWindowSize', 262_143],
    ['maxSessionWindowSize', 2 ** 53],
    ['maxSessionWindowSize', Infinity],
    ['maxSessionWindowSize', 300_000.5],
    ['acceptBacklog', 0],
    ['acceptBacklog', 1.5],
    ['maxFrameSize', 0],
    ['maxFrameSize', 1_048_577],
    ['streamOpenTimeoutMs', -1],
    ['streamCloseTimeoutMs', NaN],
    ['connectionWriteTimeoutMs', 2 ** 31],
    ['keepAliveIntervalMs', 0],
    ['keepAliveIntervalMs', '30s'],
    ['keepAlive', 1],
    ['chunks', 'lent'],
    ['chunks', true],
  ])('refuses %s = %s and names the option', (name, value) => {
    expect(configError({ [name]: value })).toMatchObject({
      name: 'YamuxError',
      code: 'ERR_YAMUX_CONFIG',
      message: expect.stringContaining(`"${name}"`) as string,
    });
  });

  it.each([{}, { maxStreamWindowSize: undefined as never }])(
    'raises the largest window of a stream to the initial one, unless it is set (%o)',
    (largest) => {
      expect(verifyYamuxConfig({ initialStreamWindowSize: 16_777_216, ...largest })).toEqual({
        ...DEFAULT_YAMUX_CONFIG,
        initialStreamWindowSize: 16_777_216,
        maxStreamWindowSize: 16_777_216,
      });
    },
  );

  it.each([16_777_216, 16_777_217])(
    'accepts an initial window of 16777216 that may grow to %i',
    (maxStreamWindowSize) => {
      const config = { initialStreamWindowSize: 16_777_216, maxStreamWindowSize };

      expect(verifyYamuxConfig(config)).toEqual({ ...DEFAULT_YAMUX_CONFIG, ...config });
    },
  );

  it.each([262_144, 16_777_215])(
    'refuses a largest window of %i, as it is less than the initial one',
    (maxStreamWindowSize) => {
      const error = configError({ maxStreamWindowSize, initialStreamWindowSize: 16_777_216 });

      expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_CONFIG' });
      expect(error.message).toContain('"maxStreamWindowSize"');
      expect(error.message).toContain(String(maxStreamWindowSize));
      expect(error.message).toContain('initialStreamWindowSize, 16777216');
    },
  );

  it('refuses a keepalive without a write timeout, and names the remedies', () => {
    expect(configError({ keepAlive: true, connectionWriteTimeoutMs: 0 })).toMatchObject({
      name: 'YamuxError',
      code: 'ERR_YAMUX_CONFIG',
      message:
        'the configuration has a "connectionWriteTimeoutMs" of 0, so its keepAlive would never notice a dead peer; set "connectionWriteTimeoutMs" above 0, or leave out "keepAlive" and use the keepalive of gRPC',
    });
  });

  it.each([
    { keepAlive: true },
    { keepAlive: true, connectionWriteTimeoutMs: 1 },
    { keepAlive: false, connectionWriteTimeoutMs: 0 },
  ])('accepts %o', (config) => {
    expect(verifyYamuxConfig(config)).toEqual({ ...DEFAULT_YAMUX_CONFIG, ...config });
  });

  it('refuses an option that does not exist, and lists those that do', () => {
    const error = configError({ windowSize: 1 });

    expect(error.code).toBe('ERR_YAMUX_CONFIG');
    expect(error.message).toContain('"windowSize"');
    expect(error.message).toContain('maxStreamWindowSize');
  });

  it('refuses a bad option when the session is made, before it touches the socket', () => {
    const socket = new PassThrough();

    expect(() => new YamuxSession(socket, 'server', { acceptBacklog: 0 })).toThrow(/acceptBacklog/);

    expect(socket.listenerCount('data')).toBe(0);
    expect(socket.readableFlowing).toBeNull();
  });
});

function configError(config: object): YamuxError {
  try {
    verifyYamuxConfig(config as Partial<YamuxConfig>);
  } catch (error) {
    if (error instanceof YamuxError) return error;
  }
  throw new Error('the options were accepted');
}
