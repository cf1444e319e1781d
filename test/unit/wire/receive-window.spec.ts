import { describe, expect, it } from 'vitest';
import {
  ReceiveWindow,
  WindowBudget,
  type RoundTrip,
  type WindowLimits,
} from '../../../lib/wire/index.js';

const KiB = 1024;

/** Limits of windows on a link of 60 ms: whatever a test reads was read fast. */
function limits(): WindowLimits {
  return {
    granted: 256 * KiB,
    initial: 256 * KiB,
    max: 4096 * KiB,
    budget: new WindowBudget(Number.MAX_SAFE_INTEGER),
    roundTrip: { ms: () => 60 } as RoundTrip,
  };
}

/** Half of what is open comes and is read. Returns what may be open then. */
function readHalf(window: ReceiveWindow): number {
  const bytes = window.open / 2;
  window.spend(bytes);
  window.receive(bytes);
  window.credit(0);
  return window.open;
}

describe('the windows of a session', () => {
  it('double while they are what holds the peer up', () => {
    const window = new ReceiveWindow(limits());
    expect([readHalf(window), readHalf(window)]).toEqual([512 * KiB, 1024 * KiB]);
  });

  it('grow at once to what another one has needed', () => {
    const shared = limits();
    const first = new ReceiveWindow(shared);
    for (let i = 0; i < 3; i += 1) readHalf(first);
    expect(readHalf(new ReceiveWindow(shared))).toBe(2048 * KiB);
  });

  it('begin as small as ever', () => {
    const shared = limits();
    readHalf(new ReceiveWindow(shared));
    expect(new ReceiveWindow(shared).open).toBe(256 * KiB);
  });
});
