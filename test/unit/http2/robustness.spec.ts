import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ErrorCode,
  Http2Connection,
  type Http2ConnectionEvents,
  type Http2Stream,
  type StreamListener,
} from '../../../lib/http2/index.js';
import {
  accept,
  answering,
  bytesOf,
  closing,
  credit,
  dataFrames,
  greeted,
  openRequest,
  pair,
  Recorder,
  REQUEST_HEADERS,
  send,
  SETTING,
  settings,
  setUp,
  settle,
  STATUS_200,
  wholeRequest,
} from '../../fixtures/http2/connections.js';
import { FLAG, frame, number32, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';
import { Uncaught } from '../../fixtures/http2/uncaught.js';

const BUG = new Error('a bug of the user');

function bug(): never {
  throw BUG;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let uncaught: Uncaught;

beforeEach(() => {
  uncaught = new Uncaught();
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  uncaught.release();
});

describe('a listener that throws', () => {
  /** Another request, in the same chunk as what made the listener throw, is served. */
  const TRAILERS = Buffer.from('0001780179', 'hex');

  it.each<[method: keyof StreamListener, frames: Buffer]>([
    ['onData', dataFrames(1, 20_000)],
    ['onEnd', frame(TYPE.data, FLAG.endStream, 1, Buffer.alloc(5))],
    ['onTrailers', frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, TRAILERS)],
  ])('in %s costs its stream, and only that', async (method, frames) => {
    const { peer, recorders, connection } = await greeted();
    peer.write(openRequest(1));
    await settle(peer);
    recorders[0]![method] = bug;

    peer.write(Buffer.concat([frames, wholeRequest(3)]));
    const sent = await settle(peer);

    expect(uncaught.errors).toEqual([BUG]);
    const resets = sent.filter(({ type }) => type === TYPE.rstStream);
    expect(resets.map((f) => [f.streamId, f.payload.readUInt32BE()])).toEqual([
      [1, ErrorCode.InternalError],
    ]);
    expect(recorders[0]!.errors).toMatchObject([
      { http2Code: ErrorCode.InternalError, cause: BUG },
    ]);
    expect(recorders[1]!.log).toEqual(['end']);
    expect(connection.streamCount).toBe(1);
  });

  it('in onData gives the connection its window back', async () => {
    const { peer, recorders } = await greeted({
      consumes: false,
      options: { initialWindowSize: 100_000, connectionWindowSize: 100_000 },
    });
    for (let id = 1; id < 21; id += 2) {
      peer.write(openRequest(id));
      await settle(peer);
      recorders.at(-1)!.onData = bug;
      peer.write(dataFrames(id, 50_000));
      await settle(peer);
    }
    expect(uncaught.errors).toHaveLength(10);
  });

  it('in onHeaders costs its stream, and only that', async () => {
    const { peer, connection } = await greeted({ role: 'client' });
    const [bad, good] = [send(connection), send(connection)];
    bad.onHeaders = bug;

    peer.write(
      Buffer.concat([
        frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, STATUS_200),
        frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 3, STATUS_200),
      ]),
    );

    expect(await good.closed).toBeUndefined();
    expect(await bad.closed).toMatchObject({ http2Code: ErrorCode.InternalError });
    expect(bad.log).toEqual(['close']);
    expect(uncaught.errors).toEqual([BUG]);
  });

  it('in onDrain costs its stream, and only that', async () => {
    const { peer, recorders } = await greeted({}, [SETTING.initialWindowSize, 0]);
    peer.write(openRequest(1), wholeRequest(3));
    await settle(peer);
    recorders[0]!.onDrain = bug;
    for (const { stream } of recorders) stream!.write([Buffer.alloc(70_000)], 70_000);

    peer.write(credit(0, 200_000), credit(1, 70_000), credit(3, 70_000));
    const sent = await settle(peer);

    expect([bytesOf(sent, 1), bytesOf(sent, 3)]).toEqual([70_000, 70_000]);
    expect(recorders[0]!.errors).toMatchObject([{ http2Code: ErrorCode.InternalError }]);
    expect(recorders[1]!.log).toContain('drain');
    expect(uncaught.errors).toEqual([BUG]);
  });

  it('in onClose is told nothing more, and holds nobody up', async () => {
    const { peer, recorders, ends } = await greeted();
    peer.write(openRequest(1), openRequest(3));
    await settle(peer);
    recorders[0]!.onClose = bug;

    peer.write(
      frame(TYPE.rstStream, 0, 1, number32(8)),
      frame(TYPE.data, 0, 7), // Nobody has opened it.
    );
    await peer.closed;

    expect(uncaught.errors).toEqual([BUG]);
    expect(recorders[1]!.errors).toHaveLength(1);
    expect(ends).toHaveLength(1);
  });

  it('in onRequest, or that forgets the listener, costs the stream', async () => {
    const requests: Http2Stream[] = [];
    const { client } = pair({
      server: {
        onRequest(stream) {
          requests.push(stream);
          if (requests.length === 1) bug();
          if (requests.length === 3) accept(stream);
        },
      },
    });

    const [thrown, forgotten, good] = [send(client), send(client), send(client)];

    expect(await thrown.closed).toMatchObject({ http2Code: ErrorCode.InternalError });
    expect(await forgotten.closed).toMatchObject({ http2Code: ErrorCode.InternalError });
    expect(await good.closed).toBeUndefined();
    expect(uncaught.errors).toEqual([BUG, expect.any(TypeError)]);
  });

  it.each<[event: keyof Http2ConnectionEvents, what: (client: Http2Connection) => unknown]>([
    ['onReady', (client) => client.ping()],
    ['onRoom', (client) => send(client).closed],
    ['onClose', (client) => client.destroy()],
  ])('in %s leaves the connection as it should be', async (event, act) => {
    const { client } = pair({
      client: { [event]: bug },
      server: { onRequest: accept },
    });

    await act(client);
    await turn();

    expect(uncaught.errors.length).toBeGreaterThan(0);
    expect(uncaught.errors.every((error) => error === BUG)).toBe(true);
    if (event !== 'onClose') expect(await send(client).closed).toBeUndefined();
  });

  it('in onGoAway does not keep streams that the peer did not take', async () => {
    const { peer, socket } = await greeted({ role: 'client' });
    const client = new Http2Connection(socket, 'client', { onGoAway: bug });
    closing.push(() => client.destroy());
    const recorder = send(client);

    peer.write(settings(), frame(TYPE.goAway, 0, 0, Buffer.alloc(8)));

    expect(await recorder.closed).toMatchObject({ http2Code: ErrorCode.RefusedStream });
    expect(uncaught.errors).toEqual([BUG]);
  });
});

describe('a request that cannot be sent', () => {
  it('leaves nothing behind', async () => {
    const { client } = pair({ server: { onRequest: accept } });
    const recorder = new Recorder();

    expect(() => client.request([...REQUEST_HEADERS, 'x', '\u0100'], recorder, true)).toThrow();

    expect(client.streamCount).toBe(0);
    expect(recorder.log).toEqual([]);
    expect(await send(client).closed).toBeUndefined();
  });

  it('fails its stream if that turns out only behind its data', async () => {
    const { peer, stream, recorder } = await answering({}, [SETTING.initialWindowSize, 5]);
    stream.write([Buffer.alloc(10)], 10);
    stream.sendHeaders(['x-trailer', '\u0100'], true);

    peer.write(credit(1, 5));
    const sent = await settle(peer);

    expect(sent.at(-1)).toMatchObject({ type: TYPE.rstStream, streamId: 1 });
    expect(recorder.errors).toMatchObject([{ http2Code: ErrorCode.InternalError }]);
    expect(uncaught.errors).toEqual([]);
  });

  it('is refused where nobody serves requests', async () => {
    const { client } = pair();
    expect(await send(client).closed).toMatchObject({ http2Code: ErrorCode.RefusedStream });
  });
});

describe('what may be called from any callback', () => {
  type Act = (stream: Http2Stream, connection: Http2Connection) => void;
  const acts: [what: string, act: Act][] = [
    ['reset()', (stream) => stream.reset(ErrorCode.Cancel)],
    ['destroy()', (_stream, connection) => connection.destroy()],
    ['goAway()', (_stream, connection) => connection.goAway()],
    ['write()', (stream) => stream.write([Buffer.alloc(100_000)], 100_000)],
    ['end()', (stream) => stream.end()],
    ['sendHeaders()', (stream) => stream.sendHeaders(['x', 'y'], true)],
    ['consume()', (stream) => stream.consume(1_000_000)],
    ['discardRest()', (stream) => stream.discardRest()],
    [
      'request()',
      (_stream, connection) => {
        if (connection.hasRoom) send(connection);
      },
    ],
  ];
  const callbacks: (keyof StreamListener | 'onRequest' | 'onRoom')[] = [
    'onRequest',
    'onHeaders',
    'onData',
    'onTrailers',
    'onEnd',
    'onDrain',
    'onClose',
    'onRoom',
  ];
  const cases = acts.flatMap(([what, act]) =>
    callbacks.map((callback) => [what, callback, act] as const),
  );

  it.each(cases)('%s from %s', async (_what, callback, act) => {
    const told: string[] = [];
    const once = new Set<unknown>();
    const ends: string[] = [];
    let client!: Http2Connection;
    let server!: Http2Connection;

    /** Acts, once for each stream, when its callback is called; notes what comes behind the close. */
    const listen = (own: () => Http2Connection, getStream: () => Http2Stream): StreamListener => {
      let closed = 0;
      const on = (name: string): void => {
        if (closed > 0) told.push(`${name} behind onClose`);
        if (name === 'onClose') closed += 1;
        if (name === callback && !once.has(getStream())) {
          once.add(getStream());
          act(getStream(), own());
        }
      };
      return {
        onHeaders: () => on('onHeaders'),
        onData: (chunk, start, end) => {
          const piece = chunk.subarray(start, end);
          getStream().consume(piece.length);
          on('onData');
        },
        onTrailers: () => on('onTrailers'),
        onEnd: () => {
          if (own() === server) respond(getStream());
          on('onEnd');
        },
        onDrain: () => on('onDrain'),
        onClose: () => on('onClose'),
      };
    };
    const respond = (stream: Http2Stream): void => {
      stream.sendHeaders([':status', '200']);
      stream.write([Buffer.alloc(300_000)], 300_000);
      stream.sendHeaders(['x-trailer', 'bye'], true);
    };
    const connectionEvents = (own: () => Http2Connection, name: string): Http2ConnectionEvents => ({
      onRequest(stream) {
        stream.listener = listen(own, () => stream);
        if (callback === 'onRequest') act(stream, own());
      },
      onRoom() {
        if (callback === 'onRoom' && sample !== undefined && !once.has(own())) {
          once.add(own());
          act(sample, own());
        }
      },
      onClose: () => ends.push(name),
    });
    let sample: Http2Stream | undefined;
    ({ client, server } = pair({
      client: connectionEvents(() => client, 'client'),
      server: connectionEvents(() => server, 'server'),
    }));

    for (let i = 0; i < 5; i++) {
      const stream: Http2Stream = client.request(
        REQUEST_HEADERS,
        listen(
          () => client,
          () => stream,
        ),
      );
      sample ??= stream;
      stream.write([Buffer.alloc(200_000)], 200_000);
      stream.sendHeaders(['x-trailer', 'bye'], true);
    }
    for (let i = 0; i < 200; i++) await turn();

    expect(uncaught.errors).toEqual([]);
    expect(told).toEqual([]);
    expect(new Set(ends).size).toBe(ends.length);
  });
});

describe('a byte stream that is synchronous', () => {
  /** Hands over within `write` what the other end reads. */
  class Immediate extends Duplex {
    peer!: Immediate;
    override _read(): void {}
    override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
      // As streams do that know no buffer: the other end reads, and answers, inside this call.
      this.peer.emit('data', chunk);
      callback();
    }
  }

  it('may bring more while a chunk is being read', async () => {
    const [near, far] = [new Immediate(), new Immediate()];
    near.peer = far;
    far.peer = near;
    const errors: (Error | undefined)[] = [];
    const onClose = (error?: Error): void => void errors.push(error);
    let received = 0;
    const server = new Http2Connection(far, 'server', {
      onClose,
      onRequest(stream) {
        stream.sendHeaders([':status', '200']);
        stream.listener = Object.assign(new Recorder(), {
          onData(chunk: Buffer, start: number, end: number) {
            const piece = chunk.subarray(start, end);
            received += piece.length;
            stream.consume(piece.length);
            // Larger than what is copied: it is written at once, and from there comes the next.
            if (received < 200_000) stream.write([Buffer.alloc(5000)], 5000);
            else stream.end();
          },
        });
      },
    });
    const client = new Http2Connection(near, 'client', { onClose });
    closing.push(
      () => client.destroy(),
      () => server.destroy(),
    );
    const recorder = new Recorder();
    const stream = send(client, false, recorder).stream!;
    recorder.onData = (_chunk, start, end): void => {
      stream.consume(end - start);
      stream.write([Buffer.alloc(6000), Buffer.alloc(50)], 6050);
    };
    stream.write([Buffer.alloc(6000)], 6000);
    const ended = new Promise<void>((resolve) => (recorder.onEnd = resolve));
    await ended;

    expect(errors).toEqual([]);
    expect(received).toBeGreaterThan(200_000);
  });
});

describe('a peer that does not know our settings yet', () => {
  it('may send what every window begins with, however small ours is', async () => {
    const { peer, recorders } = await setUp({ options: { initialWindowSize: 1000 } });

    peer.write(PREFACE, settings(), openRequest(1), dataFrames(1, 65_535));
    await settle(peer);

    expect(recorders[0]).toMatchObject({ received: 65_535, errors: [] });
  });

  it('may open more streams than it will be allowed to, and be refused them', async () => {
    const { peer, recorders } = await setUp({ options: { maxConcurrentStreams: 1 } });

    peer.write(PREFACE, settings());
    for (let id = 1; id < 10_000; id += 2) peer.write(wholeRequest(id));
    await settle(peer);

    expect(recorders).toHaveLength(1);
  });
});
