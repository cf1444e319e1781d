import { afterEach, describe, expect, it } from 'vitest';
import { ErrorCode, Http2Connection, Http2OptionError } from '../../../lib/http2/index.js';
import { FuzzSocket, tick } from '../../fuzz/fuzz-socket.js';
import {
  answering,
  bytesOf,
  closing,
  credit,
  dataFrames,
  greeted,
  openRequest,
  pair,
  Recorder,
  SETTING,
  settings,
  settle,
  wholeRequest,
} from '../../fixtures/http2/connections.js';
import {
  FLAG,
  frame,
  number32,
  PREFACE,
  type RawClient,
  REQUEST,
  TYPE,
} from '../../fixtures/http2/raw-client.js';

const MiB = 1024 * 1024;
const CONTENT_LENGTH_5 = Buffer.from('0f0d0135', 'hex');

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends what `make` makes until the connection is ended; the code that it is ended with. */
async function flood(peer: RawClient, make: (i: number) => Buffer): Promise<number> {
  const code = peer.goAwayCode();
  const until = { ended: false };
  void code.then(() => (until.ended = true));
  for (let i = 0; i < 50_000 && !until.ended; i++) {
    peer.write(make(i));
    if (i % 100 === 99) await turn();
  }
  return code;
}

/** A connection whose socket takes nothing, and what it was ended with. */
function stalledServer(): { socket: FuzzSocket; ends: (Error | undefined)[] } {
  const socket = new FuzzSocket();
  const ends: (Error | undefined)[] = [];
  const server = new Http2Connection(
    socket,
    'server',
    { onClose: (error) => ends.push(error) },
    { maxUselessFrames: 1_000_000 },
  );
  closing.push(() => server.destroy());
  socket.stalled = true;
  socket.receive(Buffer.concat([PREFACE, settings(), frame(TYPE.settings, FLAG.ack, 0)]));
  return { socket, ends };
}

describe('work for streams that are over (MadeYouReset, CVE-2025-8671)', () => {
  it.each<[how: string, reset: (id: number) => Buffer]>([
    ['no credit', (id) => credit(id, 0)],
    ['too much credit', (id) => credit(id, 2 ** 31 - 1)],
    ['PRIORITY of a wrong size', (id) => frame(TYPE.priority, 0, id, Buffer.alloc(4))],
    [
      'a stream that depends on itself',
      (id) => frame(TYPE.priority, 0, id, Buffer.concat([number32(id), Buffer.alloc(1)])),
    ],
    [
      'trailers without an end',
      (id) => frame(TYPE.headers, FLAG.endHeaders, id, Buffer.from('0001780179', 'hex')),
    ],
    ['more than the window', (id) => dataFrames(id, 16_384)],
    ['RST_STREAM (CVE-2023-44487)', (id) => frame(TYPE.rstStream, 0, id, number32(8))],
  ])('is bounded, whoever resets them: %s', async (_how, reset) => {
    const { peer, recorders } = await greeted({ options: { initialWindowSize: 16_383 } });

    const code = await flood(peer, (i) =>
      Buffer.concat([openRequest(2 * i + 1), reset(2 * i + 1)]),
    );

    expect(code).toBe(ErrorCode.EnhanceYourCalm);
    expect(recorders.length).toBeLessThan(1500);
  });

  it('is bounded where messages do not keep their content-length', async () => {
    const { peer, recorders } = await greeted();

    const code = await flood(peer, (i) =>
      Buffer.concat([
        frame(TYPE.headers, FLAG.endHeaders, 2 * i + 1, Buffer.concat([REQUEST, CONTENT_LENGTH_5])),
        frame(TYPE.data, FLAG.endStream, 2 * i + 1, Buffer.alloc(1)),
      ]),
    );

    expect(code).toBe(ErrorCode.EnhanceYourCalm);
    expect(recorders.length).toBeLessThan(1500);
  });

  it('is bounded where streams are ended before they are wrong', async () => {
    const { peer, recorders } = await greeted();

    const code = await flood(peer, (i) =>
      Buffer.concat([wholeRequest(2 * i + 1), dataFrames(2 * i + 1, 1)]),
    );

    expect(code).toBe(ErrorCode.EnhanceYourCalm);
    expect(recorders.length).toBeLessThan(1500);
  });

  it('may be set to less', async () => {
    const { peer, recorders } = await greeted({ options: { maxResets: 5, resetsPerSecond: 0 } });

    const code = await flood(peer, (i) =>
      Buffer.concat([openRequest(2 * i + 1), frame(TYPE.rstStream, 0, 2 * i + 1, number32(8))]),
    );

    expect(code).toBe(ErrorCode.EnhanceYourCalm);
    expect(recorders).toHaveLength(6);
  });
});

describe('a peer that takes little', () => {
  it('is cut off when it takes data byte by byte (CVE-2019-9511)', async () => {
    const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 0]);
    stream.write([Buffer.alloc(100_000)], 100_000);
    const code = peer.goAwayCode();

    for (let i = 0; i < 20_000 && !stream.closed; i++) {
      peer.write(credit(1, 1));
      if (i % 100 === 99) await turn();
    }

    expect(await code).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('has every stream ask its user to wait, however many they are (CVE-2019-9517)', async () => {
    const { peer, recorders } = await greeted({}, [SETTING.initialWindowSize, 0]);
    for (let id = 1; id < 2000; id += 2) peer.write(wholeRequest(id));
    await settle(peer);
    expect(recorders).toHaveLength(1000);
    const piece = Buffer.alloc(16_384);

    let bytes = 0;
    for (const { stream } of recorders) {
      while (stream!.write([piece], piece.length)) bytes += piece.length;
    }

    expect(bytes).toBeLessThanOrEqual(1000 * 64 * 1024);
    expect(bytesOf(await settle(peer))).toBe(0);
  });

  it('pays for credit only what it moves: streams that wait for all do not cost', async () => {
    const { peer, recorders } = await greeted({ options: { maxUselessFrames: 1_000_000 } }, [
      SETTING.initialWindowSize,
      2 ** 31 - 1,
    ]);
    for (let id = 1; id < 2000; id += 2) peer.write(wholeRequest(id));
    await settle(peer);
    const { stream: first } = recorders[0]!;
    for (const { stream } of recorders) stream!.write([Buffer.alloc(65_535)], 65_535);
    let turns = 0;
    const prototype = Object.getPrototypeOf(first) as { sendFrame: () => void };
    const { sendFrame } = prototype;
    prototype.sendFrame = function count(this: unknown) {
      turns += 1;
      sendFrame.call(this);
    };

    try {
      for (let i = 0; i < 2000; i++) {
        peer.write(credit(0, 1));
        if (i % 50 === 0) await settle(peer);
      }
      await settle(peer);
    } finally {
      prototype.sendFrame = sendFrame;
    }

    expect(turns).toBeLessThanOrEqual(2050);
  });

  it('is cut off when it reads no answers (CVE-2019-9512, 9515)', async () => {
    const { socket, ends } = stalledServer();
    const pings = Buffer.concat(
      Array.from({ length: 1000 }, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))),
    );
    const before = process.memoryUsage().arrayBuffers;

    for (let i = 0; i < 1000 && ends.length === 0; i++) {
      socket.receive(pings);
      await tick();
    }

    expect(ends).toMatchObject([{ http2Code: ErrorCode.EnhanceYourCalm }]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MiB);
  });
});

describe('a peer that gives much', () => {
  it('may open all the streams it likes and never end them: others are served', async () => {
    const { peer, recorders, connection } = await greeted({
      consumes: false,
      options: { maxUnreadBytes: MiB },
    });
    for (let id = 1; id < 2000; id += 2) peer.write(openRequest(id), dataFrames(id, 1000));
    await settle(peer);
    const bytes = recorders.reduce((sum, { received }) => sum + received, 0);

    expect(connection.streamCount).toBe(1000);
    expect(bytes).toBe(1_000_000);
    peer.write(openRequest(2001), dataFrames(1, MiB - 1_000_000 + 1));
    const refused = await peer.until(({ type }) => type === TYPE.rstStream);
    expect(refused.payload.readUInt32BE()).toBe(ErrorCode.RefusedStream);
    expect(await peer.goAwayCode()).toBe(ErrorCode.FlowControlError);
  });

  it.each<[what: string, block: Buffer]>([
    [
      'many small headers',
      Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from('0001780179', 'hex'))),
    ],
    [
      'one huge header',
      Buffer.concat([
        Buffer.from('0001787f', 'hex'),
        Buffer.from([0xf9, 0xfd, 0x03]),
        Buffer.alloc(65_400, 'a'),
      ]),
    ],
    [
      'headers that drive each other out of the table',
      Buffer.concat(
        Array.from({ length: 6000 }, (_, i) =>
          Buffer.concat([
            Buffer.from('4004', 'hex'),
            Buffer.from(String(1000 + i)),
            Buffer.from('0161', 'hex'),
          ]),
        ),
      ),
    ],
  ])('has its request refused, and nothing else, for %s', async (_what, block) => {
    const { peer, recorders } = await greeted();
    const whole = Buffer.concat([REQUEST, block]);
    for (let at = 0, first = true; at < whole.length; at += 16_384, first = false) {
      const isLast = at + 16_384 >= whole.length;
      const type = first ? TYPE.headers : TYPE.continuation;
      peer.write(frame(type, isLast ? FLAG.endHeaders : 0, 1, whole.subarray(at, at + 16_384)));
    }

    const { type, payload } = await peer.until(
      (f) => f.type === TYPE.rstStream || f.type === TYPE.goAway,
    );

    expect(type).toBe(TYPE.rstStream);
    expect(payload.readUInt32BE()).toBe(ErrorCode.EnhanceYourCalm);
    expect(recorders).toHaveLength(0);
    peer.write(wholeRequest(3));
    await settle(peer);
    expect(recorders).toHaveLength(1);
  });

  it('may have as many CONTINUATION frames as an option says (CVE-2024-27316)', async () => {
    const { peer, recorders } = await greeted({ options: { maxContinuations: 2 } });
    const block = (id: number, count: number): Buffer[] => [
      frame(TYPE.headers, FLAG.endStream, id, REQUEST),
      ...Array.from({ length: count - 1 }, () => frame(TYPE.continuation, 0, id)),
      frame(TYPE.continuation, FLAG.endHeaders, id),
    ];

    peer.write(...block(1, 2));
    await settle(peer);
    expect(recorders).toHaveLength(1);
    peer.write(...block(3, 3));

    expect(await peer.goAwayCode()).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('a peer that only has much to do', () => {
  const BODY = Buffer.alloc(5);

  /** A pair whose server answers each request, when it is whole, with a few bytes. */
  function busyPair(ends: (Error | undefined)[]): Http2Connection {
    return pair({
      client: { onClose: (error) => ends.push(error) },
      server: {
        onRequest(stream) {
          stream.listener = Object.assign(new Recorder(), {
            onData: (_chunk: Buffer, start: number, end: number) => stream.consume(end - start),
            onEnd() {
              setImmediate(() => {
                stream.sendHeaders([':status', '200']);
                stream.write([BODY], 5, true);
              });
            },
          });
        },
      },
    }).client;
  }

  const REQUEST_HEADERS = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'x'];

  /** Makes `count` calls, 100 at a time, of which `cancels` says which are given up. */
  async function call(
    client: Http2Connection,
    count: number,
    cancels: (i: number) => boolean,
  ): Promise<number> {
    let finished = 0;
    for (let i = 0; i < count; i += 100) {
      const closed: Promise<unknown>[] = [];
      for (let j = i; j < i + 100; j++) {
        const recorder = new Recorder();
        const stream = client.request(REQUEST_HEADERS, recorder);
        recorder.stream = stream;
        stream.write([BODY], 5, true);
        if (cancels(j)) stream.reset(ErrorCode.Cancel);
        else closed.push(recorder.closed.then((error) => (finished += error ? 0 : 1)));
      }
      await Promise.all(closed);
      await turn();
    }
    return finished;
  }

  it('may give up 45 of 100 calls, 100,000 times', async () => {
    const ends: (Error | undefined)[] = [];
    const client = busyPair(ends);

    const finished = await call(client, 100_000, (i) => (i * 7) % 100 < 45);

    expect(finished).toBe(55_000);
    expect(ends).toEqual([]);
  }, 60_000);

  it('may give up a thousand calls at once', async () => {
    const ends: (Error | undefined)[] = [];
    const client = busyPair(ends);

    await call(client, 900, () => true);
    expect(await call(client, 100, () => false)).toBe(100);

    expect(ends).toEqual([]);
  });

  it('may give up streams that it got something of, as often as it likes', async () => {
    const { peer, recorders, ends } = await greeted({
      options: { maxResets: 1, resetsPerSecond: 0 },
    });

    for (let id = 1; id < 20_000; id += 2) {
      peer.write(openRequest(id));
      if (id % 1000 !== 1) continue;
      await settle(peer);
      for (const { stream } of recorders) {
        if (stream!.closed) continue;
        stream!.write([BODY], 5);
        peer.write(frame(TYPE.rstStream, 0, stream!.id, number32(8)));
      }
    }
    await settle(peer);

    expect(ends).toEqual([]);
    expect(recorders).toHaveLength(10_000);
  });

  it('may send 100,000 frames of five bytes on one stream', async () => {
    const { peer, recorders, ends } = await greeted();
    peer.write(openRequest(1));
    const frames = Buffer.concat(Array.from({ length: 100 }, () => dataFrames(1, 5)));

    for (let i = 0; i < 1000; i++) {
      peer.write(frames);
      if (i % 100 === 0) await settle(peer);
    }
    await settle(peer);

    expect(recorders[0]!.received).toBe(500_000);
    expect(ends).toEqual([]);
  });

  it('may be told 100,000 messages of five bytes, and give credit for each', async () => {
    const { peer, stream, ends } = await answering();
    let got = 0;

    for (let i = 0; i < 1000; i++) {
      for (let j = 0; j < 100; j++) stream.write([BODY], 5);
      const frames = await settle(peer);
      got += bytesOf(frames);
      // For the stream and for all, as some implementations do.
      const credits = frames
        .filter(({ type }) => type === TYPE.data)
        .flatMap(({ payload }) => [credit(1, payload.length), credit(0, payload.length)]);
      peer.write(...credits);
    }

    expect(got).toBe(500_000);
    expect(ends).toEqual([]);
  }, 60_000);

  it('may send on, for as long as it does not know, what it sends on streams that we gave up', async () => {
    const { peer, recorders, ends } = await greeted({ options: { maxConcurrentStreams: 3000 } });
    for (let id = 1; id < 6000; id += 2) peer.write(openRequest(id));
    await settle(peer);

    for (const { stream } of recorders) stream!.reset(ErrorCode.Cancel);
    for (let id = 1; id < 6000; id += 2) {
      peer.write(dataFrames(id, 10), frame(TYPE.data, FLAG.endStream, id));
    }
    await settle(peer);

    expect(recorders).toHaveLength(3000);
    expect(ends).toEqual([]);
  });
});

describe('options that cannot work', () => {
  it.each([
    ['maxResets', 0],
    ['maxUselessFrames', -1],
    ['resetsPerSecond', 0.5],
    ['maxFrameSize', 16_383],
    ['maxFrameSize', 2 ** 24],
    ['initialWindowSize', 2 ** 31],
    ['connectionWindowSize', 65_534],
    ['maxUnreadBytes', 65_534],
    ['headerTableSize', -1],
    ['maxContinuations', NaN],
    ['maxHeaders', 0],
    ['listNameSuffix', '-Bin'],
    ['maxQueuedBytes', '1'],
    ['settingsTimeoutMs', 2 ** 31],
    ['varyingHeaders', ['Upper']],
    ['varyingHeaders', 'name'],
    ['maxStreams', 1],
    ['constructor', 1],
    ['toString', undefined],
    ['__proto__', {}],
  ])('are named: %s of %j', (name, value) => {
    const socket = new FuzzSocket();
    const listeners = socket.eventNames().length;
    const make = (): unknown => new Http2Connection(socket, 'server', {}, { [name]: value });

    expect(make).toThrow(Http2OptionError);
    expect(make).toThrow(`HTTP/2 option "${name}"`);
    expect(socket.eventNames()).toHaveLength(listeners);
  });

  it('are not those that are undefined', () => {
    const socket = new FuzzSocket();
    const options = { maxResets: undefined as unknown as number };
    const server = new Http2Connection(socket, 'server', {}, options);
    server.destroy();
  });
});
