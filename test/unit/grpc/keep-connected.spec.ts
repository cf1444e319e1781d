import { connectivityState } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { keepConnected } from '../../../lib/grpc/index.js';
import { Site, type Channel, type Served } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';

const { IDLE, READY } = connectivityState;

const site = new Site();

afterEach(async () => {
  vi.useRealTimers();
  await site.close();
});

/** A channel to a server that has no other client. */
async function start(): Promise<{ channel: Channel; served: Served }> {
  const served = await site.serve({});
  return { channel: site.channel(served.address), served };
}

/** Cuts the last connection, as soon as it was made. */
async function cut(channel: Channel, { sockets }: Served): Promise<void> {
  await stateIs(channel, READY);
  sockets.at(-1)!.destroy();
  await stateIs(channel, IDLE);
}

describe('a channel that is kept connected', () => {
  it('connects, and again when it has lost its connection', async () => {
    const { channel, served } = await start();
    const stop = keepConnected(channel, false);
    site.after(stop);

    await cut(channel, served);

    await stateIs(channel, READY);
    expect(served.sockets).toHaveLength(2);
  });

  it('makes no connection any more when it is not kept any more, but may make its own', async () => {
    const { channel, served } = await start();
    const stop = keepConnected(channel, false);
    await stateIs(channel, READY);

    stop();
    await cut(channel, served);

    expect(channel.getConnectivityState(true)).toBe(IDLE);
    await stateIs(channel, READY);
  });

  it('has no pause left over when it is not kept any more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { channel, served } = await start();
    const stop = keepConnected(channel, false);
    await cut(channel, served); // A pause begins,
    channel.getConnectivityState(true); // which a call does not wait for,
    await cut(channel, served); // and another one.

    stop();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(channel.getConnectivityState(false)).toBe(IDLE);
    expect(served.sockets).toHaveLength(2);
  });

  it('may be closed', async () => {
    const { channel } = await start();
    keepConnected(channel, true);
    await stateIs(channel, READY);

    channel.close();

    expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
  });
});
