import { describe, expect, it } from 'vitest';
import { http2OptionsOf } from '../../../lib/grpc/built-in/http2-options.js';
import { planWindows } from '../../../lib/http2/inbound/window-plan.js';

const MiB = 1024 * 1024;

describe('the options of a connection', () => {
  it('let 10,000 calls have no more than 256 MiB unread, by default', () => {
    const options = http2OptionsOf({}, true);
    expect(options).toMatchObject({ maxConcurrentStreams: 10_000, maxUnreadBytes: 256 * MiB });
    expect(planWindows(options, false)).toMatchObject({ fewStreams: 256, small: 10_066 });
  });

  it('give each call the window that was asked for, however many there are', () => {
    const options = http2OptionsOf(
      { 'grpc-node.flow_control_window': MiB, 'grpc.max_concurrent_streams': 1000 },
      true,
    );
    expect(options.maxUnreadBytes).toBe(1000 * MiB);
    expect(planWindows(options, false)).toMatchObject({ fewStreams: Infinity, full: MiB });
  });

  it('name the window that cannot be', () => {
    const options = { 'grpc-node.flow_control_window': 2 ** 31 };
    expect(() => http2OptionsOf(options, true)).toThrow('"initialWindowSize"');
  });
});
