import { connectivityState } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepConnected } from '../../../lib/grpc/index.js';
import { Site, type Channel, type Served } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';
import { eventually } from '../../fixtures/nest/eventually.js';

const { IDLE, READY } = connectivityState;

const site = new Site();

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
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

  describe('whose connection had lasted', () => {
    /** Half of the pause that there may be, and as long ago as a connection has to last. */
    beforeEach(() => {
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
    });

    /** Connected, for longer than a second by its clock; with no other timer to wait for. */
    async function connected(lossPauseMs?: number): Promise<{ channel: Channel; served: Served }> {
      const { channel, served } = await start();
      site.after(keepConnected(channel, false, lossPauseMs));
      await stateIs(channel, READY);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
      vi.setSystemTime(Date.now() + 1001);
      return { channel, served };
    }

    it('waits any time up to a second when it was lost, as all clients of that server have lost theirs', async () => {
      const { channel, served } = await connected();
      await cut(channel, served);

      await vi.advanceTimersByTimeAsync(499);
      expect(channel.getConnectivityState(false)).toBe(IDLE);
      await vi.advanceTimersByTimeAsync(1);
      await stateIs(channel, READY);
    });

    it('waits as long as it is told to', async () => {
      const { channel, served } = await connected(20);
      await cut(channel, served);

      await vi.advanceTimersByTimeAsync(10);
      await stateIs(channel, READY);
    });

    it('has no call wait', async () => {
      const { channel, served } = await connected();
      await cut(channel, served);

      channel.getConnectivityState(true); // As a call does.
      await stateIs(channel, READY);
    });

    it('connects at once when the other end said that it goes', async () => {
      const { channel, served } = await connected();

      served.streams[0]!.drain(0);

      await eventually(() => served.sockets.length).toBe(2);
      await stateIs(channel, READY);
    });
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
