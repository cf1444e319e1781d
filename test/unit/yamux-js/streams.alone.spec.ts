import { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { yamuxJsSessionFactory } from '../../../lib/yamux-js/index.js';
import { ACK, D, FIN, P, RST, soon, SYN, W } from '../../fixtures/raw-peer.js';
import {
  closeOf,
  collect,
  eventsOf,
  pattern,
  readAll,
  watch,
  write,
} from '../../fixtures/yamux-streams.js';
import { useSessions, type RawLink } from './session-link.js';

const KIB = 1024;
const WINDOW = 256 * KIB;
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;

describe('streams of a session on yamux-js', () => {
  const sessions = useSessions();

  async function acceptStream(): Promise<RawLink & { stream: Duplex }> {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 0));
    await link.peer.expectFrames(W(ACK, 1, 0));
    return { ...link, stream: await link.accept() };
  }

  it('are accepted by the side that dialed, too', async () => {
    const link = await sessions.client();
    link.peer.write(W(SYN, 2, 0), D(0, 2, 'hello'));
    await link.peer.expectFrames(W(ACK, 2, 0));
    const received = collect(await link.accept());
    await link.peer.expectAlive();
    expect(received.bytes.toString()).toBe('hello');
  });

  it('wait for the handler', async () => {
    const [near, far] = await sessions.connectedSockets();
    const session = yamuxJsSessionFactory()(far, 'server');
    near.write(W(SYN, 1, 0));
    await soon(new Promise((resolve) => near.once('data', resolve)), 'the acknowledgement');

    const { accept } = sessions.link(session);

    expect(await accept()).toBeDefined();
  });

  it('arrive byte by byte', async () => {
    const { peer, stream } = await acceptStream();
    const received = collect(stream);
    const bytes = Buffer.concat([D(0, 1, 'one'), W(0, 1, 7), D(0, 1, 'two'), P(SYN, 0, 9)]);

    await peer.deliver(...Array.from(bytes, (byte) => Buffer.from([byte])));

    await peer.expectFrames(P(ACK, 0, 9));
    expect(received.bytes.toString()).toBe('onetwo');
  });

  it('heed every part of a frame that yamux-js would lose', async () => {
    const link = await sessions.server();
    link.peer.write(W(SYN, 1, 100), D(SYN | FIN, 3, 'whole'));
    await link.peer.expectFrames(W(ACK, 1, 0), W(ACK, 3, 0));
    const [first, second] = [await link.accept(), await link.accept()];

    first.write(Buffer.alloc(WINDOW + 100));

    expect((await readAll(second)).toString()).toBe('whole');
    await link.peer.readData(1, WINDOW + 100);
  });

  it('end by halves', async () => {
    const { peer, stream } = await acceptStream();
    peer.write(D(0, 1, 'question'), W(FIN, 1, 0));
    expect((await readAll(stream)).toString()).toBe('question');

    stream.end('answer');

    await peer.expectFrames(D(0, 1, 'answer'), W(FIN, 1, 0));
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['end', 'close']);
  });

  it('go on reading after their own end', async () => {
    const { peer, stream } = await acceptStream();
    stream.end();
    await peer.expectFrames(W(FIN, 1, 0));
    peer.write(D(0, 1, 'answer'), W(FIN, 1, 0));
    expect((await readAll(stream)).toString()).toBe('answer');
    await closeOf(stream);
    await peer.expectAlive();
  });

  it('tell that the other end reset them', async () => {
    const { peer, stream } = await acceptStream();
    peer.write(W(RST, 1, 0));
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
    await peer.expectAlive();
  });

  it('tell the other end that they were destroyed', async () => {
    const { peer, stream } = await acceptStream();
    stream.destroy();
    await peer.expectFrames(W(RST, 1, 0));
    await peer.expectAlive();
  });

  it('answer by a reset when they are gone', async () => {
    const { peer, stream } = await acceptStream();
    stream.end().destroy();
    await closeOf(stream);
    peer.write(D(0, 1, 'anyone there?'));
    expect((await peer.framesUntil(({ flags }) => flags === RST)).at(-1)!.streamId).toBe(1);
    await peer.expectAlive();
  });

  it('are reset by data behind their end', async () => {
    const { peer, stream } = await acceptStream();
    peer.write(W(FIN, 1, 0), D(0, 1, 'more'));
    await peer.expectFrames(W(RST, 1, 0));
    await closeOf(stream);
  });

  it('are reset when the handler throws', async () => {
    const { session, peer } = await sessions.server();
    session.onStream(() => {
      throw new Error('no');
    });
    peer.write(W(SYN, 1, 0));
    await peer.expectFrames(W(ACK, 1, 0), W(RST, 1, 0));
    await peer.expectAlive();
  });

  it('are reset beyond the highest number', async () => {
    const link = await sessions.server({ maxStreams: 1 });
    link.peer.write(W(SYN, 1, 0), W(SYN, 3, 0));
    await link.peer.expectFrames(W(ACK, 1, 0), W(RST, 3, 0));
  });

  it('grant credit for what was read, not for what came', async () => {
    const { peer, stream } = await acceptStream();
    peer.write(D(0, 1, Buffer.alloc(WINDOW)));
    await peer.delivered();
    await peer.expectNothing();

    collect(stream);

    const frames = await peer.framesUntil(({ streamId }) => streamId === 1);
    expect(frames.at(-1)).toMatchObject({ type: 1, flags: 0 });
  });

  it('send on as soon as there is credit, by no timer', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const { peer, stream } = await acceptStream();
    const written = write(stream, pattern(WINDOW + 1));
    await peer.readData(1, WINDOW);
    await peer.expectNothing();

    peer.write(W(0, 1, 1));

    await peer.readData(1, 1);
    expect(await written).toBeUndefined();
  });

  it('take turns on a connection that is full', async () => {
    const sent: number[] = [];
    const slow = new Duplex({
      highWaterMark: 1,
      read() {},
      write(frame: Buffer, _encoding, callback) {
        if (frame[1] === 0) sent.push(frame.readUInt32BE(4));
        setImmediate(callback);
      },
    });
    const { session } = sessions.link(yamuxJsSessionFactory()(slow, 'client'));
    const streams = await Promise.all([session.open(), session.open(), session.open()]);

    await Promise.all(streams.map((stream) => write(watch(stream), Buffer.alloc(WINDOW))));

    expect(sent).toEqual([1, 3, 5, 1, 3, 5, 1, 3, 5, 1, 3, 5]);
  });
});
