import { AsyncLocalStorage } from 'node:async_hooks';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { yamuxJsSessionFactory } from '../../../lib/yamux-js/index.js';
import { ACK, D, FIN, G, header, P, RST, soon, SYN, W } from '../../fixtures/raw-peer.js';
import { closeOf, eventsOf, pattern, readAll, write } from '../../fixtures/yamux-streams.js';
import { useSessions, type RawLink } from './session-link.js';

const KIB = 1024;
const WINDOW = 256 * KIB;
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;

/** The session ends by its own decision; nobody listens for errors, and the process survives. */
async function expectBroken({ session, peer }: RawLink, code: string): Promise<Error> {
  const error = await soon(session.closed, 'the session to end');
  expect(error).toMatchObject({ name: 'YamuxError', code });
  await peer.waitClosed();
  return error!;
}

describe('a session on yamux-js, at its end', () => {
  const sessions = useSessions();

  it('ends its streams when the connection ends', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0));
    const stream = await link.accept();

    link.peer.end();

    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_SESSION_CLOSED', 'close']);
    expect(await link.session.closed).toMatchObject({ code: 'ERR_YAMUX_SESSION_CLOSED' });
    await expect(link.session.open()).rejects.toThrow('the session is closed');
  });

  it('ends its streams with the error of the connection', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0));
    const stream = await link.accept();

    link.peer.reset();

    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ECONNRESET', 'close']);
    expect(await link.session.closed).toMatchObject({ code: 'ECONNRESET' });
  });

  it.each<[string, (socket: Duplex) => void]>([
    ['ended', (socket) => void socket.push(null)],
    ['failed', (socket) => void socket.destroy(new Error('reset'))],
    ['closed', (socket) => void socket.destroy()],
  ])(
    'ends its streams in no async context when the connection has %s in one',
    async (_how, end) => {
      const tenant = new AsyncLocalStorage<string>();
      const socket = new Duplex({ read() {}, write() {} });
      const stream = await sessions.link(yamuxJsSessionFactory()(socket, 'client')).open();
      const seen: unknown[] = [];
      for (const event of ['error', 'close']) {
        stream.on(event, () => void seen.push(tenant.getStore() ?? 'none'));
      }
      await nextTurn();

      tenant.run('A', end, socket);

      await closeOf(stream);
      expect(seen).toEqual(['none', 'none']);
    },
  );

  it('lets a stream be read to its end that the other end had finished', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0), D(0, 1, 'all of it'), W(FIN, 1, 0));
    const stream = await link.accept();
    link.peer.end();
    await link.session.closed;

    expect((await readAll(stream)).toString()).toBe('all of it');
    await closeOf(stream);
    expect(await write(stream, 'late')).toBeInstanceOf(Error);
  });

  it('says when the connection ended inside a frame', async () => {
    const link = await sessions.server();
    link.peer.write(D(0, 1, 'truncated').subarray(0, 15));
    link.peer.end();
    await expectBroken(link, 'ERR_YAMUX_UNEXPECTED_EOF');
  });

  it.each([
    ['a bad version', Buffer.from('GET / HTTP/1.1\r\n'), 'has version 71'],
    ['a bad type', header(4, 0, 0, 0), 'of unknown type 4'],
    ['a frame that is too long', header(0, 0, 1, WINDOW + 1), 'has 262145 bytes; at most 262144'],
  ])('ends on %s', async (_name, bytes, problem) => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0), bytes);
    const { message } = await expectBroken(link, 'ERR_YAMUX_PROTOCOL');
    expect(message).toContain(problem);
  });

  it('ends on a duplicate SYN', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0), W(SYN, 1, 0));
    const { message } = await expectBroken(link, 'ERR_YAMUX_PROTOCOL');
    expect(message).toContain('duplicate stream initiated');
  });

  it('ends on a GoAway that reports an error', async () => {
    const link = await sessions.server();
    link.peer.write(G(0, 0, 2));
    await expectBroken(link, 'ERR_YAMUX_REMOTE_ERROR');
  });

  it('opens nothing after a GoAway, and goes on', async () => {
    const link = await sessions.server();
    link.peer.write(G(0, 0, 0), W(SYN, 1, 0));
    await link.accept();

    await expect(link.session.open()).rejects.toMatchObject({ code: 'ERR_YAMUX_REMOTE_GOAWAY' });
    await link.peer.expectFrames(W(ACK, 1, 0));
    await link.peer.expectAlive();
  });

  it('ends when more comes than the window allows', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0), D(0, 1, Buffer.alloc(WINDOW)), D(0, 1, Buffer.alloc(WINDOW)));
    await expectBroken(link, 'ERR_YAMUX_FLOW_CONTROL');
  });

  it('ends when its window grows beyond 32 bits', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0), W(0, 1, 0xffff_ffff));
    await expectBroken(link, 'ERR_YAMUX_FLOW_CONTROL');
  });

  it('ends when the other end asks and asks but does not read', async () => {
    const socket = new Duplex({ read() {}, write() {} });
    const { session } = sessions.link(yamuxJsSessionFactory()(socket, 'server'));

    socket.push(Buffer.concat(Array<Buffer>(90_000).fill(P(SYN, 0, 7))));

    expect(await session.closed).toMatchObject({ code: 'ERR_YAMUX_WRITE_TIMEOUT' });
    expect(socket.destroyed).toBe(true);
  });

  it('sends what was written before it closes', async () => {
    const { link, connectedSockets } = sessions;
    const [near, far] = await connectedSockets();
    const client = link(yamuxJsSessionFactory()(near, 'client'));
    const server = link(yamuxJsSessionFactory()(far, 'server'));
    const bytes = pattern(1024 * KIB);
    const sender = await client.open();
    sender.end(bytes);

    const closing = client.session.close();
    expect(client.session.close()).toBe(closing);
    await expect(client.session.open()).rejects.toThrow('the session is closed');

    expect((await readAll(await server.accept())).equals(bytes)).toBe(true);
    await soon(closing, 'the end');
    expect(await client.session.closed).toBeUndefined();
    expect(await server.session.closed).toMatchObject({ code: 'ERR_YAMUX_SESSION_CLOSED' });
  });

  it('says GoAway when it closes', async () => {
    const link = await sessions.client();
    const closing = link.session.close();

    expect((await link.peer.framesUntilEnd()).map(({ hex }) => hex)).toEqual([
      G(0, 0, 0).toString('hex'),
    ]);
    await soon(closing, 'the end');
    expect(await link.session.closed).toBeUndefined();
  });

  it('waits for a peer that takes nothing only so long', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const link = await sessions.client({ closeTimeoutMs: 5000 });
    const stream = await link.open();
    stream.write(Buffer.alloc(WINDOW + 1));
    await link.peer.expectFrames(W(SYN, 1, 0));
    await link.peer.readData(1, WINDOW);
    let over = false;
    void link.session.closed.then(() => (over = true));
    const closing = link.session.close();

    await vi.advanceTimersByTimeAsync(4999);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBe(true);
    await link.peer.expectFrames(G(0, 0, 0));
    await soon(closing, 'the end');
  });

  it('waits for a socket that is slow only so long', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const slow = new Duplex({ read() {}, write() {} });
    const { session, open } = sessions.link(
      yamuxJsSessionFactory({ closeTimeoutMs: 5000 })(slow, 'client'),
    );
    await open();
    void session.close();
    expect(await session.closed).toBeUndefined();

    await vi.advanceTimersByTimeAsync(4999);
    expect(slow.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(slow.destroyed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for a socket that is slow as long as it takes something', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const taken: Buffer[] = [];
    const slow = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        taken.push(chunk);
        setTimeout(done, 4000);
      },
    });
    const { session, open } = sessions.link(
      yamuxJsSessionFactory({ closeTimeoutMs: 5000 })(slow, 'client'),
    );
    const streams = [await open(), await open(), await open()];
    for (const stream of streams) stream.end('x');
    const closing = session.close();
    expect(await session.closed).toBeUndefined();

    while (!slow.writableFinished && !slow.destroyed) await vi.advanceTimersByTimeAsync(4000);

    expect(slow.writableFinished).toBe(true);
    expect(taken.length).toBeGreaterThan(5);
    expect(taken.at(-1)!.toString('hex')).toBe(G(0, 0, 0).toString('hex'));
    await vi.advanceTimersByTimeAsync(1000);
    await soon(closing, 'the end');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('resets what is opened while it closes', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0));
    (await link.accept()).write(Buffer.alloc(WINDOW + 1));
    void link.session.close();

    link.peer.write(W(SYN, 3, 0));

    const frames = await link.peer.framesUntil(({ streamId }) => streamId === 3);
    frames.push(...(await link.peer.framesUntil(({ flags }) => flags === RST)));
    expect(frames.at(-1)!.hex).toBe(W(RST, 3, 0).toString('hex'));
  });

  it('is over at once on a connection that is already closed', async () => {
    const { link, connectedSockets } = sessions;
    const [near, far] = await connectedSockets();
    near.destroy();
    await Promise.all([closeOf(near), closeOf(far)]);

    const { session } = link(yamuxJsSessionFactory()(far, 'server'));

    expect(await session.closed).toMatchObject({ code: 'ERR_YAMUX_SESSION_CLOSED' });
    await session.close();
  });

  it('leaves no timer behind, even with a writer that waits for credit', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const link = await sessions.client();
    const stream = await link.open();
    stream.write(Buffer.alloc(WINDOW + 1));
    void link.session.close();

    link.session.destroy(new Error('enough'));

    expect(vi.getTimerCount()).toBe(0);
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error undefined', 'close']);
    expect(await link.session.closed).toMatchObject({ message: 'enough' });
  });
});
