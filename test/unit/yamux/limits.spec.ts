import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { ACK, D, SYN, W } from '../../fixtures/raw-peer.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';
import { stopTheClock, useYamux } from '../../fixtures/yamux-link.js';
import { closeOf, eventsOf, readBytes, watch } from '../../fixtures/yamux-streams.js';

describe('yamux limits', () => {
  const yamux = useYamux();

  it('RL-01 resets the streams that the accept backlog has no room for', async () => {
    const { peer, session, accept } = await yamux.server({ acceptBacklog: 2 });

    peer.write(W(SYN, 1, 0), W(SYN, 3, 0), W(SYN, 5, 0), W(SYN, 7, 0));

    await peer.expectFrames('000100080000000500000000', '000100080000000700000000');
    await peer.expectAlive();
    expect(session.streamCount).toBe(2);
    expect([(await accept()).id, (await accept()).id]).toEqual([1, 3]);
  });

  it('RL-01 skips the payload of a stream that it has no room for', async () => {
    const { peer, accept } = await yamux.server({ acceptBacklog: 1 });

    peer.write(D(SYN, 1, 'first'), D(SYN, 3, 'second'), D(0, 3, 'more'), D(0, 1, '!'));

    await peer.expectFrames('000100080000000300000000');
    const stream = await accept();
    await peer.expectFrames(W(ACK, 1, 0));
    expect((await readBytes(stream, 6)).toString()).toBe('first!');
    await peer.expectAlive();
  });

  it('RL-01 counts only streams that wait: accepting makes room', async () => {
    const { peer, accept } = await yamux.server({ acceptBacklog: 1 });

    for (const id of [1, 3, 5]) {
      peer.write(W(SYN, id, 0));
      await accept();
      await peer.expectFrames(W(ACK, id, 0));
    }

    await peer.expectAlive();
  });

  it('RL-07 ends the session when the network takes nothing for the write timeout', async () => {
    stopTheClock();
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'client', { connectionWriteTimeoutMs: 1_000 });
    const stream = watch(await session.open());
    stream.write(Buffer.alloc(200_000));
    await nextTurn();

    vi.advanceTimersByTime(2_000);

    const error = await session.closed;
    expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_WRITE_TIMEOUT' });
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_WRITE_TIMEOUT', 'close']);
    expect(socket.destroyed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('RL-07 bears with a network that is slow but takes something', async () => {
    stopTheClock();
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'client', { connectionWriteTimeoutMs: 1_000 });
    const sent = Buffer.alloc(200_000);
    (await session.open()).write(sent);

    do {
      await nextTurn();
      vi.advanceTimersByTime(400);
    } while (socket.takeWrite());

    expect(Buffer.concat(socket.taken).length).toBeGreaterThan(sent.length);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(socket.destroyed).toBe(false);
    session.destroy();
  });
});
