import { describe, expect, it, vi } from 'vitest';
import { ACK, D, G, P, SYN, W } from '../../fixtures/raw-peer.js';
import { acceptStream, openStream, stopTheClock, useYamux } from '../../fixtures/yamux-link.js';
import { closeOf, eventsOf, pattern, readBytes } from '../../fixtures/yamux-streams.js';

describe('yamux GoAway', () => {
  const yamux = useYamux();

  it('GA-01 opens no stream after a GoAway, and goes on with all else', async () => {
    const link = await yamux.server();
    const { peer, session } = link;
    const inbound = await acceptStream(link);
    const outbound = await session.open();
    yamux.watched(outbound);
    await peer.expectFrames(W(SYN, 2, 0));

    peer.write(G(0, 0, 0));
    await peer.expectAlive();

    await expect(session.open()).rejects.toMatchObject({
      name: 'YamuxError',
      code: 'ERR_YAMUX_REMOTE_GOAWAY',
    });
    peer.write(D(0, 1, 'in'), D(ACK, 2, 'out'));
    expect((await readBytes(inbound, 2)).toString()).toBe('in');
    expect((await readBytes(outbound, 3)).toString()).toBe('out');
    inbound.write('a');
    outbound.write('b');
    await peer.expectFramesInAnyOrder(D(0, 1, 'a'), D(0, 2, 'b'));
    await acceptStream(link, 3);
  });

  it('GA-01 rejects an open that waits for the backlog', async () => {
    const link = await yamux.client({ acceptBacklog: 1 });
    await openStream(link);
    const second = link.open();

    link.peer.write(G(0, 0, 0));

    await expect(second).rejects.toMatchObject({ code: 'ERR_YAMUX_REMOTE_GOAWAY' });
    await link.peer.expectAlive();
  });

  it('GA-02 reads the frames behind a GoAway in the same chunk', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    link.peer.write(G(0, 0, 0), D(0, 1, 'behind'), P(SYN, 0, 5));

    await link.peer.expectFrames(P(ACK, 0, 5));
    expect((await readBytes(stream, 6)).toString()).toBe('behind');
  });

  it.each([
    ['GA-03', 1],
    ['GA-03', 2],
    ['GA-04', 3],
    ['GA-04', 0xffffffff],
  ])('%s ends the session on a GoAway with code %i', async (_, code) => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    link.peer.write(G(0, 0, code));

    await link.peer.waitClosed();
    const error = await link.session.closed;
    expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_REMOTE_ERROR' });
    expect(link.closes).toEqual([error]);
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_REMOTE_ERROR', 'close']);
  });

  it('GA-03 says which error the peer reported', async () => {
    const messages = [];
    for (const code of [1, 2, 3]) {
      const { peer, session } = await yamux.server();
      peer.write(G(0, 0, code));
      messages.push((await session.closed)?.message);
    }

    expect(messages[0]).toMatch(/protocol/i);
    expect(messages[1]).toMatch(/internal/i);
    expect(messages[2]).toMatch(/3/);
  });

  it('GA-05 ignores the flags and the stream id of a GoAway', async () => {
    const link = await yamux.server();
    await acceptStream(link);

    link.peer.write(G(7, 9, 0));

    await link.peer.expectAlive();
    await expect(link.session.open()).rejects.toMatchObject({ code: 'ERR_YAMUX_REMOTE_GOAWAY' });
  });

  it('GA-06 after a GoAway of its own, resets new streams and goes on with all else', async () => {
    const link = await yamux.server();
    const { peer, session } = link;
    const stream = await acceptStream(link);

    session.goAway();
    await peer.expectFrames('000300000000000000000000');
    peer.write(W(SYN, 3, 0), D(SYN, 5, 'payload'), D(0, 5, 'more'), D(0, 1, 'live'));

    await peer.expectFrames('000100080000000300000000', '000100080000000500000000');
    expect((await readBytes(stream, 4)).toString()).toBe('live');
    await peer.expectAlive();
    expect(yamux.watched(await session.open()).id).toBe(2);
    await peer.expectFrames(W(SYN, 2, 0));
  });

  it('GA-07 says GoAway once, and hears it as often as it comes', async () => {
    const { peer, session } = await yamux.server();

    session.goAway();
    session.goAway();
    peer.write(G(0, 0, 0), G(0, 0, 0));

    await peer.expectFrames('000300000000000000000000');
    await peer.expectAlive();
  });

  it('GA-08 says why before it closes, then lets a peer finish that still sends', async () => {
    const link = await yamux.server({}, { allowHalfOpen: true });
    const { peer } = link;
    await acceptStream(link);

    peer.write(W(SYN, 1, 0), pattern(1_000_000));

    const frames = await peer.framesUntilEnd();
    expect(frames.map((frame) => frame.hex)).toEqual(['000300000000000000000001']);
    expect(link.closes).toHaveLength(1);
    await peer.deliver(pattern(1_000_000));
    peer.end();
    await peer.waitClosed();
    expect(peer.error).toBeUndefined();
    expect(eventsOf(link.socket)).toEqual(['end', 'close']);
  });

  it('GA-08 closes the connection on a peer that does not end it', async () => {
    stopTheClock();
    const link = await yamux.server({}, { allowHalfOpen: true });
    link.peer.write('010000000000000000000000');
    const frames = await link.peer.framesUntilEnd();
    expect(frames.map((frame) => frame.hex)).toEqual(['000300000000000000000001']);
    expect(eventsOf(link.socket)).toEqual([]);

    vi.advanceTimersByTime(10_000);

    await closeOf(link.socket);
    expect(eventsOf(link.socket)).toEqual(['close']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('GA-09 takes the end of the connection for a closed session, without any GoAway', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    link.peer.end();

    expect(await link.session.closed).toMatchObject({ code: 'ERR_YAMUX_SESSION_CLOSED' });
    await link.peer.waitClosed();
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_SESSION_CLOSED', 'close']);
  });

  it('GA-09 takes a connection reset for what it is, without any GoAway', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    link.peer.reset();

    expect(await link.session.closed).toMatchObject({ code: 'ECONNRESET' });
    await link.peer.waitClosed();
    expect(eventsOf(stream)).toEqual(['error ECONNRESET', 'close']);
  });
});
