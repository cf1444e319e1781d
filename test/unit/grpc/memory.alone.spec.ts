import { EventEmitter } from 'node:events';
import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { Site, type Channel } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';

const KiB = 1024;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

async function connected(): Promise<Channel> {
  const { address } = await site.serve({
    unary: ({ request }, callback) => void (request.length > 0 && callback(null, request)),
  });
  return site.channel(address);
}

describe('memory', () => {
  it('holds little for an idle channel and its server’s end, the sockets of both included', async () => {
    const { address } = await site.serve({});
    const connect = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        const channel = site.channel(address);
        channel.getConnectivityState(true);
        await stateIs(channel, connectivityState.READY);
      }
    };
    await connect(20);
    const before = await memoryUsed();
    await connect(200);
    expect((await memoryUsed()) - before).toBeLessThan(200 * 64 * KiB);
  });

  it('keeps nothing of calls that are over, however they ended', { timeout: 60_000 }, async () => {
    const channel = await connected();
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        // A peer that does nothing but give calls up is not served for long.
        const answered = Array.from({ length: 8 }, () => new RawCall(channel).ended);
        const given = new RawCall(channel, { messages: [Buffer.alloc(0)] });
        const late = new RawCall(channel, { deadline: Date.now() - 1 });
        await Promise.all(answered);
        given.call.cancelWithStatus(status.CANCELLED, 'no need');
        expect([await given.ended, await late.ended]).toEqual([1, 4]);
      }
    };
    await run(1000);
    const before = await memoryUsed();
    await run(2000);
    expect((await memoryUsed()) - before).toBeLessThan(1024 * KiB);
  });

  it.each(['answered', 'cancelled', 'refused'])(
    'lets go of the parent of a call that is %s',
    async (how) => {
      const channel =
        how === 'refused' ? site.channel(await site.closedAddress()) : await connected();
      const parent = Object.assign(new EventEmitter(), { getDeadline: () => Infinity });
      const call = channel.createCall('/unit.Test/unary', Infinity, null, parent as never, null);
      const ended = new Promise((resolve) => {
        call.start(new Metadata(), {
          onReceiveMetadata() {},
          onReceiveMessage() {},
          onReceiveStatus: resolve,
        });
      });
      expect(parent.listenerCount('cancelled')).toBe(1);
      call.startRead();
      call.sendMessageWithContext({}, Buffer.alloc(how === 'answered' ? 1 : 0));
      call.halfClose();
      if (how === 'cancelled') parent.emit('cancelled');
      await ended;
      expect(parent.listenerCount('cancelled')).toBe(0);
    },
  );
});
