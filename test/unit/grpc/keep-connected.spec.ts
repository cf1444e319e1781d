import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepConnected } from '../../../lib/grpc/index.js';

const { IDLE, READY } = connectivityState;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A channel whose states a test goes through, and that writes down when it is asked to connect. */
class TestChannel {
  asked = 0;
  #state = IDLE;
  #watcher: (() => void) | undefined;

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (tryToConnect) this.asked += 1;
    return this.#state;
  }

  watchConnectivityState(_seen: connectivityState, _deadline: unknown, watcher: () => void): void {
    this.#watcher = watcher;
  }

  go(state: connectivityState): void {
    this.#state = state;
    this.#watcher?.();
  }
}

function keep(channel: TestChannel): () => void {
  return keepConnected(channel as unknown as ChannelInterface);
}

describe('keepConnected', () => {
  it('connects at once, and again when a connection that lasted is lost', () => {
    const channel = new TestChannel();
    const stop = keep(channel);
    expect(channel.asked).toBe(1);
    channel.go(READY);
    vi.advanceTimersByTime(1000);

    channel.go(IDLE);

    expect(channel.asked).toBe(2);
    stop();
  });

  it('pauses before it makes up for a connection that did not last', () => {
    const channel = new TestChannel();
    const stop = keep(channel);
    channel.go(READY);

    channel.go(IDLE);

    expect(channel.asked).toBe(1);
    vi.advanceTimersByTime(500);
    expect(channel.asked).toBe(2);
    stop();
  });

  // Was a bug: of several pauses only the last one ended with it, and the process lived on for the others.
  it('leaves no timer behind, though calls have connected it again and again meanwhile', () => {
    const channel = new TestChannel();
    const stop = keep(channel);
    for (let times = 0; times < 5; times++) {
      channel.go(READY);
      channel.go(IDLE);
    }

    stop();

    expect(vi.getTimerCount()).toBe(0);
  });
});
