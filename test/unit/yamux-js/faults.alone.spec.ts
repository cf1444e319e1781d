// Every fault of npm yamux-js that lib/yamux-js works around, or that keeps it from being the
// default: the numbers are those of docs/yamux-js.md. The tests drive the bare package and assert
// that it STILL HAS the fault. One that fails is good news: a release has mended something; see
// whether its workaround can go, and correct the table.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client } from 'yamux-js';
import { ACK, D, FIN, G, header, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { acceptStream, creditIn, cut, hex, RawYamuxJs, settled, watch } from './raw-yamux-js.js';
import { runChild } from './run-child.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Credit that a stream starts with. */
const WINDOW = 256 * KIB;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('npm yamux-js, reading', () => {
  it('C1 loses a frame that two chunks share', async () => {
    const { side, received } = await acceptStream();
    const frame = D(0, 1, 'hello world');

    await side.feed(frame.subarray(0, 15));
    await side.feed(frame.subarray(15));
    expect(received()).toBe('');

    // The next frame's header is then taken for its payload.
    await side.feed(D(0, 1, 'NEXT'));
    expect(Buffer.from(received(), 'latin1').toString('hex')).toBe('0000000000000001000000');
  });

  it('C2 loses a header that two chunks share', async () => {
    const { side, received } = await acceptStream();
    const frame = D(0, 1, 'hello');

    await side.feed(frame.subarray(0, 7));
    await side.feed(frame.subarray(7));

    expect(received()).toBe('');
    expect(side.errors).toEqual([]);
  });

  it('C3 is deaf after a frame that is longer than a read', async () => {
    const { side, received } = await acceptStream();

    for (const chunk of cut(D(0, 1, Buffer.alloc(200 * KIB)), 64 * KIB)) await side.feed(chunk);
    await side.feed(P(SYN, 0, 7));

    expect(received()).toBe('');
    expect(await side.sent()).not.toContain(hex(P(ACK, 0, 7))[0]);
  });

  it('C4 breaks down in an upload as a Go client makes it: 32 KiB frames in 64 KiB reads', async () => {
    const { side, received } = await acceptStream();
    const upload = Buffer.concat(Array<Buffer>(32).fill(D(0, 1, Buffer.alloc(32 * KIB, 4))));

    for (const chunk of cut(upload, 64 * KIB)) await side.feed(chunk);

    expect(side.log).toContainEqual(['[ERR] yamux: Invalid protocol version: %d', 4]);
    expect(side.errors[0]).toBe('invalid protocol version');
    expect(received()).toHaveLength(64 * KIB);
  });

  it('C5 loses the payload of a SYN', async () => {
    const side = RawYamuxJs.server();

    side.session.write(D(SYN, 1, 'payload-in-syn'));
    const { received } = watch(side.accepted[0]!);
    await side.feed(D(0, 1, '+rest'));

    expect(received()).toBe('+rest');
  });

  it.each([FIN, RST])('C6 ignores flag %i on a data frame', async (flag) => {
    const { side, stream, events, received } = await acceptStream();

    await side.feed(D(flag, 1, 'x'));
    await side.sent();
    stream.write('still usable');

    expect(received()).toBe('x');
    expect(events).toEqual([]);
    expect(await side.sent()).toEqual(hex(D(0, 1, 'still usable')));
  });

  it('C7 understands no combination of flags', async () => {
    const side = RawYamuxJs.server();
    const { stream, events } = watch(side.session.open());
    await side.sent();

    await side.feed(W(ACK | FIN, 2, 0));
    await side.feed(W(SYN | FIN, 1, 0));
    await side.feed(P(SYN | ACK, 0, 7));

    expect(stream['state']).toBe(1); // SYNSent: not acknowledged, not ended
    expect(events).toEqual([]);
    expect(side.accepted).toEqual([]);
    expect(await side.sent()).toEqual([]);
  });

  it('C8 ignores the window that a SYN announces', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const side = RawYamuxJs.server();
    await side.feed(W(SYN, 1, 16 * MIB - WINDOW));

    side.accepted[0]!.write(Buffer.alloc(WINDOW + 1));

    expect(await side.sent()).toEqual(hex(D(ACK, 1, Buffer.alloc(WINDOW))));
  });

  it('C13 loses what follows a GoAway in its chunk', async () => {
    const { side, received } = await acceptStream();

    await side.feed(G(0, 0, 0), D(0, 1, 'last words'), P(SYN, 0, 7));
    expect(received()).toBe('');
    expect(await side.sent()).toEqual([]);
  });

  it('C16 ends the process when one chunk has many frames', async () => {
    const { exitCode, stderr } = await runChild('many-frames-in-one-chunk');
    expect(stderr).toContain('RangeError: Maximum call stack size exceeded');
    expect(exitCode).not.toBe(0);
  });

  it('C17 copies the rest of a chunk for every frame in it', async () => {
    const { side } = await acceptStream();
    const chunk = Buffer.concat(Array<Buffer>(1000).fill(D(0, 1, 'tiny')));
    const alloc = vi.spyOn(Buffer, 'alloc');

    side.session.write(chunk);

    const copied = alloc.mock.calls.reduce((sum, [size]) => sum + size, 0);
    expect(copied).toBeGreaterThan(400 * chunk.length);
  });

  it.each([
    ['protocol version', Buffer.concat([Buffer.from([1]), P(SYN, 0, 7).subarray(1)])],
    ['msg type', header(4, 0, 0, 0)],
  ])('C21 neither ends nor calls back after an invalid %s', async (problem, frame) => {
    const side = RawYamuxJs.server();
    const called = vi.fn();
    side.session.on('end', called).on('close', called);

    side.session.write(frame, called);
    await settled();

    expect(side.errors).toEqual([`invalid ${problem}`]);
    expect(called).not.toHaveBeenCalled();
  });
});

describe('npm yamux-js, windows', () => {
  it('C10 looks for credit every 100 ms only', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { side, stream } = await acceptStream();
    stream.write(Buffer.alloc(WINDOW + 1));
    await side.sent();

    await side.feed(W(0, 1, 1000));
    vi.advanceTimersByTime(99);
    expect(await side.sent()).toEqual([]);

    vi.advanceTimersByTime(1);
    expect(await side.sent()).toEqual(hex(D(0, 1, Buffer.alloc(1))));
  });

  it('C11 grants credit for what nobody has read', async () => {
    const side = RawYamuxJs.server();
    await side.feed(W(SYN, 1, 0));

    for (let i = 0; i < 32; i++) await side.feed(D(0, 1, Buffer.alloc(WINDOW)));

    expect(creditIn(await side.sent())).toBe(8 * MIB);
    expect(side.accepted[0]!.readableLength).toBe(8 * MIB);
  });

  it('C12 accepts 5 MiB into a window of 256 KiB', async () => {
    const { side, received } = await acceptStream();

    await side.feed(D(0, 1, Buffer.alloc(5 * MIB)));

    expect(received()).toHaveLength(5 * MIB);
    expect(creditIn(await side.sent())).toBe(5 * MIB);
  });

  it('C22 queues without end for a connection that takes nothing', async () => {
    const side = RawYamuxJs.stuckServer();
    const { stream } = await side.accept();
    await side.feed(W(0, 1, 64 * MIB));

    for (let i = 0; i < 8; i++) stream.write(Buffer.alloc(MIB));
    await settled();

    expect(side.session.readableLength).toBeGreaterThan(8 * MIB);
    expect(stream.writableLength).toBe(0);
  });

  it('C25 lets a window grow beyond 32 bits', async () => {
    const { side, stream } = await acceptStream();

    await side.feed(W(0, 1, 0xffff_ffff));
    await side.feed(W(0, 1, 0xffff_ffff));

    expect(stream['sendWindow']).toBe(8_590_196_734);
  });
});

describe('npm yamux-js, streams and sessions', () => {
  it('C9 acknowledges a stream with its first data only', async () => {
    const { side, stream } = await acceptStream();
    expect(await side.sent()).toEqual([]);

    stream.write('x');
    expect(await side.sent()).toEqual(hex(D(ACK, 1, 'x')));
  });

  it('C14 never notices the end of a stream', async () => {
    const { side, stream, events } = await acceptStream();

    await side.feed(W(FIN, 1, 0));
    expect(events).toEqual([]);
    expect(stream.readableEnded).toBe(false);
  });

  it('C15 tells nobody that a stream was reset', async () => {
    const { side, stream, events } = await acceptStream();

    await side.feed(W(RST, 1, 0));
    expect(stream['state']).toBe(7); // Reset: known inside
    expect(events).toEqual([]);
    expect(stream.destroyed).toBe(false);
  });

  it.each([
    ['duplicate-syn', 'duplicate stream initiated'],
    ['go-away-with-an-error', 'yamux protocol error'],
    ['write-after-rst', 'connection reset'],
  ])('C18 lets the other end end the process: %s', async (scenario, message) => {
    const { exitCode, stderr } = await runChild(scenario);

    expect(stderr).toContain("'error' event");
    expect(stderr).toContain(`Error: ${message}`);
    expect(exitCode).toBe(1);
  });

  it('C19 tells the other end neither of end() nor of destroy()', async () => {
    const side = RawYamuxJs.server();
    const [ended, destroyed] = [await side.accept(1), await side.accept(3)];

    ended.stream.end('x');
    destroyed.stream.destroy();
    await settled();

    expect(await side.sent()).toEqual(hex(D(ACK, 1, 'x')));
    expect(destroyed.events).toEqual(['close']);
    expect(side.session['streams'].size).toBe(2);
  });

  it('C20 leaves streams open and a timer running that ends the process', async () => {
    const { exitCode, stdout, stderr } = await runChild('timer-after-the-end');

    expect(stdout).toBe('session close\n');
    expect(stderr).toContain('Error: keepalive timeout');
    expect(exitCode).toBe(1);
  });

  it('C23 counts accepted streams as waiting, and goes on accepting after its GoAway', async () => {
    const side = RawYamuxJs.server({ acceptBacklog: 1 });
    await side.feed(W(SYN, 1, 0));
    await side.feed(W(SYN, 3, 0));
    expect(side.accepted).toHaveLength(1);
    expect(await side.sent()).toEqual(hex(W(RST, 3, 0)));

    const leaving = RawYamuxJs.server();
    leaving.session['goAway'](0);
    await leaving.feed(W(SYN, 1, 0));
    expect(leaving.accepted).toHaveLength(1);
  });

  it('C24 logs to stdout', async () => {
    const { stdout } = await runChild('default-logger');
    expect(stdout).toBe('[WARN] yamux: Discarding data for stream: 77\n');
  });

  it('C26 has no way to accept streams on the side that dialed', async () => {
    const onStream = vi.fn();
    const session = Reflect.construct(Client, [{ enableKeepAlive: false }, onStream]) as Client;

    session.write(W(SYN, 2, 0));
    await settled();

    expect(session['streams'].size).toBe(1);
    expect(onStream).not.toHaveBeenCalled();
  });
});
