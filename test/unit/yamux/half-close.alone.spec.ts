import { describe, expect, it, vi } from 'vitest';
import { D, FIN, RST, W } from '../../fixtures/raw-peer.js';
import type { YamuxStream } from '../../../lib/yamux/index.js';
import { acceptStream, stopTheClock, useYamux } from '../../fixtures/yamux-link.js';
import {
  closeOf,
  eventsOf,
  expectSameBytes,
  pattern,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;

describe('yamux half-close', () => {
  const yamux = useYamux();

  it('HC-01 sends FIN only after all that was written before it', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const sent = pattern(WINDOW + 1_000);
    stream.end(sent);
    const beginning = await link.peer.readData(1, WINDOW);
    await link.peer.expectNothing();

    link.peer.write(W(0, 1, 1_000));

    const rest = await link.peer.readData(1, 1_000);
    await link.peer.expectFrames('000100040000000100000000');
    expectSameBytes(Buffer.concat([beginning, rest]), sent);
  });

  it('HC-01 sends FIN when the credit was exactly enough', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    stream.end(Buffer.alloc(WINDOW));

    await link.peer.readData(1, WINDOW);
    await link.peer.expectFrames('000100040000000100000000');
  });

  it('HC-02 ends reading on the FIN of the peer, and still writes', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);

    link.peer.write(W(FIN, 1, 0));
    await readAll(stream);

    expect(await write(stream, 'still here')).toBeUndefined();
    await link.peer.expectFrames(D(0, 1, 'still here'));
    expect(eventsOf(stream)).toEqual(['end']);
    stream.end('bye');
    await link.peer.expectFrames(D(0, 1, 'bye'), W(FIN, 1, 0));
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['end', 'close']);
  });

  it('HC-03 reads on after its own end, with credit as before', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    stream.end('question');
    await link.peer.expectFrames(D(0, 1, 'question'), W(FIN, 1, 0));
    const answer = pattern(WINDOW + 1_000);

    await link.peer.deliver(D(0, 1, answer.subarray(0, WINDOW)));
    const beginning = await readBytes(stream, WINDOW / 2);
    await link.peer.expectFrames(W(0, 1, WINDOW / 2));
    link.peer.write(D(FIN, 1, answer.subarray(WINDOW)));
    const rest = await readAll(stream);

    expectSameBytes(Buffer.concat([beginning, rest]), answer);
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['end', 'close']);
  });

  it('HC-04 forgets a stream at the second FIN, and leaves what is unread readable', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    await link.peer.deliver(D(0, 1, 'unread'));
    stream.end();
    await link.peer.expectFrames(W(FIN, 1, 0));

    link.peer.write(W(FIN, 1, 0));
    await link.peer.expectNothing();

    expect(link.session.streamCount).toBe(0);
    expect(eventsOf(stream)).toEqual([]);
    expect((await readAll(stream)).toString()).toBe('unread');
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['end', 'close']);
  });

  it('HC-05 resets a stream that the peer does not end in time after our end', async () => {
    const link = await yamux.server({ streamCloseTimeoutMs: 50 });
    const stream = await acceptStream(link);

    stream.end();

    await link.peer.expectFrames('000100040000000100000000', '000100080000000100000000');
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
    expect(link.session.streamCount).toBe(0);
    link.peer.write(D(0, 1, 'too late'), W(FIN, 1, 0));
    await link.peer.expectAlive();
  });

  it('HC-05 waits for the end of the peer without keeping the process alive', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const timeouts = vi.spyOn(globalThis, 'setTimeout');

    stream.end();
    await link.peer.expectFrames(W(FIN, 1, 0));

    const timers = timeouts.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    timeouts.mockRestore();
  });

  it('HC-05 waits on while it is this side that does not read', async () => {
    stopTheClock();
    const link = await yamux.server({ streamCloseTimeoutMs: 50 });
    const stream = await acceptStream(link);
    stream.end();
    await link.peer.expectFrames(W(FIN, 1, 0));
    link.peer.write(D(0, 1, 'unread'));
    await link.peer.expectAlive();

    vi.advanceTimersByTime(200);
    await link.peer.expectNothing();
    expect(String(stream.read())).toBe('unread');
    vi.advanceTimersByTime(50);

    await link.peer.expectFrames(W(RST, 1, 0));
  });

  it('HC-05 waits no longer once the peer has ended', async () => {
    stopTheClock();
    const link = await yamux.server();
    const stream = await acceptStream(link);
    stream.resume().end();
    await link.peer.expectFrames(W(FIN, 1, 0));
    expect(vi.getTimerCount()).toBe(1);

    link.peer.write(W(FIN, 1, 0));
    await link.peer.expectNothing();

    expect(vi.getTimerCount()).toBe(0);
  });

  it('HC-06 ends a writer that waits for a peer which ended, when the peer resets', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const blocked = write(stream, Buffer.alloc(WINDOW + 1));
    await link.peer.readData(1, WINDOW);
    link.peer.write(W(FIN, 1, 0));
    await readAll(stream);

    link.peer.write(W(RST, 1, 0));

    expect(await blocked).toMatchObject({ code: 'ERR_YAMUX_STREAM_RESET' });
    await link.peer.expectAlive();
  });

  it('HC-06 ends a writer that waits for a peer which ended, after the close timeout', async () => {
    const link = await yamux.server({ streamCloseTimeoutMs: 50 });
    const stream = await acceptStream(link);
    const blocked = write(stream, Buffer.alloc(WINDOW + 1));
    stream.end();
    await link.peer.readData(1, WINDOW);

    link.peer.write(W(FIN, 1, 0));

    expect(await blocked).toMatchObject({ code: 'ERR_YAMUX_STREAM_RESET' });
    await link.peer.expectFrames('000100080000000100000000');
    await link.peer.expectAlive();
  });

  it('HC-09 sends what was corked as one data frame', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const parts = [34, 9, 16_384, 9, 16_384].map((length, index) => pattern(length, index));

    stream.cork();
    for (const part of parts) stream.write(part);
    stream.uncork();

    const { hex } = await link.peer.nextFrame();
    expect(hex).toBe(D(0, 1, Buffer.concat(parts)).toString('hex'));
    await link.peer.expectNothing();
  });

  it('HC-15 calls back once for every write, whatever becomes of the stream', async () => {
    const link = await yamux.server();
    const ends: ((stream: YamuxStream) => void)[] = [
      (stream) => link.peer.write(W(RST, stream.id, 0)),
      (stream) => stream.destroy(),
      () => link.session.destroy(),
    ];
    const calls: number[] = [];

    for (const [index, end] of ends.entries()) {
      const stream = await acceptStream(link, 2 * index + 1);
      for (let count = 0; count < 3; count++) {
        const call = calls.push(0) - 1;
        let synchronous = true;
        stream.write(Buffer.alloc(WINDOW), () => {
          expect(synchronous).toBe(false);
          calls[call]! += 1;
        });
        synchronous = false;
      }
      await link.peer.readData(stream.id, WINDOW);
      end(stream);
      await closeOf(stream);
      if (index === 1) await link.peer.expectFrames(W(RST, stream.id, 0));
    }

    await link.peer.waitClosed();
    expect(calls).toEqual(Array.from({ length: 9 }, () => 1));
  });
});
