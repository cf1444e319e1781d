import { AsyncLocalStorage } from 'node:async_hooks';
import { connectivityState } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { ChannelOnDemand, type GrpcEngine } from '../../../lib/grpc/index.js';
import { engines } from '../../fixtures/engines.js';

const { IDLE, SHUTDOWN } = connectivityState;

function onDemand(engine: GrpcEngine) {
  const create = vi.fn(() => engine.createStreamChannel(() => new Promise(() => {})));
  return { create, channel: new ChannelOnDemand(create) };
}

function call(channel: ChannelOnDemand) {
  return channel.createCall('/unit.Test/unary', Infinity, null, null, null);
}

describe.each(engines)('a channel on demand of the engine $name', (engine) => {
  it('is idle, and not created, until it is used', () => {
    const { channel, create } = onDemand(engine);

    expect(channel.getConnectivityState(false)).toBe(IDLE);

    expect(create).not.toHaveBeenCalled();
    channel.close();
    expect(channel.getConnectivityState(true)).toBe(SHUTDOWN);
    expect(create).not.toHaveBeenCalled();
  });

  it.each<[string, (channel: ChannelOnDemand) => unknown]>([
    ['a call', call],
    ['a request to connect', (channel) => channel.getConnectivityState(true)],
    ['a watcher', (channel) => channel.watchConnectivityState(IDLE, Infinity, () => {})],
  ])('is created by %s, once', (_what, use) => {
    const { channel, create } = onDemand(engine);

    use(channel);
    use(channel);

    expect(create).toHaveBeenCalledTimes(1);
    channel.close();
    expect(channel.getConnectivityState(false)).toBe(SHUTDOWN);
  });

  it('is created in the root context, not in that of the first call', () => {
    const storage = new AsyncLocalStorage<string>();
    const stores: unknown[] = [];
    const channel = new ChannelOnDemand(() => {
      stores.push(storage.getStore());
      return engine.createStreamChannel(() => new Promise(() => {}));
    });

    storage.run('of a request', () => call(channel));

    expect(stores).toEqual([undefined]);
    channel.close();
  });

  it('begins no call once it is closed', () => {
    const { channel } = onDemand(engine);

    channel.close();

    expect(() => call(channel)).toThrow('Channel has been shut down');
  });
});
