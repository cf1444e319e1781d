import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { ACK, D, FIN, RST, W, type Frame } from '../../fixtures/raw-peer.js';
import { openStream, useYamux, type Link, type RawLink } from '../../fixtures/yamux-link.js';
import {
  grpcCall,
  grpcServer,
  http2Client,
  patternServer,
  request,
} from '../../fixtures/yamux-http2.js';
import {
  closeOf,
  digest,
  eventsOf,
  expectSameBytes,
  pattern,
  readAll,
} from '../../fixtures/yamux-streams.js';

const KiB = 1024;
const MiB = 1024 * KiB;

const EMPTY_SETTINGS = Buffer.from('000000040000000000', 'hex');

describe('HTTP/2 over yamux', () => {
  const yamux = useYamux();
  const clients: ClientHttp2Session[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  describe('between node:http2 and node:http2', () => {
    it.each([0, 1, 16 * KiB, 300_000, 20 * MiB])(
      'HC-07 carries %i bytes there and back',
      async (length) => {
        const { client } = await http2Pair();
        const body = pattern(length, 1);

        const answer = await request(client, { ':path': `/${length}` }, body);

        expect(answer.headers['x-received']).toBe(String(length));
        expectSameBytes(answer.body, pattern(length));
        expectSameBytes((await request(client, { ':path': '/echo' }, body)).body, body);
      },
    );

    it('HC-07 carries 20 requests at once', async () => {
      const { client } = await http2Pair();
      const bodies = Array.from({ length: 20 }, (_, index) => pattern(50_000 + index, index));

      const answers = await Promise.all(
        bodies.map((body) => request(client, { ':path': '/echo' }, body)),
      );

      expect(answers.map(({ body }) => digest(body))).toEqual(bodies.map(digest));
    });
  });

  describe('with grpc-js', () => {
    it('HC-08 is served by an injected grpc-js server', async () => {
      const { client: dialer, server: listener } = await yamux.pair();
      const { client, stop } = await grpcOver(dialer, listener, reverse);
      const message = pattern(300_000);

      expectSameBytes(await grpcCall(client, message), reverse(message));

      stop();
    });

    it('HC-13 carries 100 calls on one stream and 10 others of 1 MiB beside it', async () => {
      const { client: dialer, server: listener } = await yamux.pair();
      const { client, stop } = await grpcOver(dialer, listener, reverse);
      dialer.session.onStream((stream) => yamux.watched(stream).pipe(stream));
      const messages = Array.from({ length: 100 }, (_, index) => pattern(1_000 + index, index));
      const blobs = Array.from({ length: 10 }, (_, index) => pattern(MiB, 100 + index));

      const [answers, echoes] = await Promise.all([
        Promise.all(messages.map((message) => grpcCall(client, message))),
        Promise.all(
          blobs.map(async (blob) => {
            const stream = await listener.open();
            const echo = readAll(stream);
            stream.end(blob);
            return echo;
          }),
        ),
      ]);

      expect(answers.map(digest)).toEqual(messages.map((message) => digest(reverse(message))));
      expect(echoes.map(digest)).toEqual(blobs.map(digest));
      stop();
    });

    it('HC-14 carries calls in both directions at once, on streams 1 and 2', async () => {
      const { client: dialer, server: listener } = await yamux.pair();
      const [forward, backward] = await Promise.all([
        grpcOver(dialer, listener, reverse),
        grpcOver(listener, dialer, (message) => message),
      ]);
      const messages = Array.from({ length: 50 }, (_, index) => pattern(20_000 + index, index));

      const [there, back] = await Promise.all(
        [forward.client, backward.client].map((client) =>
          Promise.all(messages.map((message) => grpcCall(client, message))),
        ),
      );

      expect([forward.id, backward.id]).toEqual([1, 2]);
      expect(there!.map(digest)).toEqual(messages.map((message) => digest(reverse(message))));
      expect(back!.map(digest)).toEqual(messages.map(digest));
      forward.stop();
      backward.stop();
    });
  });

  describe('at the end', () => {
    it.each(['close', 'destroy'] as const)(
      'HC-10 sends the GOAWAY of HTTP/2, then FIN, when the client is ended by %s()',
      async (end) => {
        const { link, stream, client } = await http2OnRawPeer();

        client[end]();

        const frames = await link.peer.framesUntil((frame) => (frame.flags & (FIN | RST)) !== 0);
        const lastPayload = dataOf(frames).subarray(-17);
        expect(lastPayload.toString('hex')).toMatch(/^0000080700000000000000000000000000$/);
        expect(frames.at(-1)?.hex).toBe('000100040000000100000000');
        link.peer.write(W(FIN, 1, 0));
        await link.peer.expectNothing();
        await closeOf(stream);
        expect(eventsOf(stream)).not.toContain('error ERR_YAMUX_STREAM_RESET');
        expect(link.session.streamCount).toBe(0);
      },
    );

    it('HC-11 answers a FIN in the middle of a request with FIN', async () => {
      const { link, stream, client } = await http2OnRawPeer();
      const call = client.request({ ':path': '/', ':method': 'POST' });
      call.on('error', () => {});
      call.write('half of the');
      const failed = once(call, 'close');
      await link.peer.nextFrame();

      link.peer.write(W(FIN, 1, 0));

      await once(client, 'close');
      await failed;
      const frames = await link.peer.framesUntil((frame) => (frame.flags & (FIN | RST)) !== 0);
      expect(frames.at(-1)?.hex).toBe('000100040000000100000000');
      await link.peer.expectNothing();
      await closeOf(stream);
      expect(link.session.streamCount).toBe(0);
    });

    it('HC-12 fails the request when the stream is reset', async () => {
      const { link, stream, client } = await http2OnRawPeer();
      const call = client.request({ ':path': '/', ':method': 'POST' });
      const failed = once(call, 'error') as Promise<[Error]>;
      call.write('half of the');
      await link.peer.nextFrame();

      link.peer.write(W(RST, 1, 0));

      expect((await failed)[0]).toBeInstanceOf(Error);
      await closeOf(stream);
      expect(client.destroyed).toBe(true);
      expect(link.session.streamCount).toBe(0);
    });

    it('HC-12 sends RST when the stream is destroyed with an error under the client', async () => {
      const { link, stream, client } = await http2OnRawPeer();
      const call = client.request({ ':path': '/', ':method': 'POST' });
      const failed = once(call, 'error') as Promise<[Error]>;
      call.write('half of the');
      await link.peer.nextFrame();

      stream.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' }));

      expect((await failed)[0]).toBeInstanceOf(Error);
      await link.peer.expectFrames('000100080000000100000000');
      expect(eventsOf(stream)).toEqual(['error ENOUGH', 'close']);
      await link.peer.expectAlive();
    });
  });

  function clientOn(stream: Parameters<typeof http2Client>[0]): ClientHttp2Session {
    const client = http2Client(stream);
    clients.push(client);
    return client;
  }

  async function http2Pair() {
    const { client: dialer, server: listener } = await yamux.pair();
    const server = patternServer();
    listener.session.onStream((stream) => server.emit('connection', yamux.watched(stream)));
    return { client: clientOn(await dialer.open()) };
  }

  /** gRPC calls from `caller` to a grpc-js server on `callee`. */
  async function grpcOver(caller: Link, callee: Link, answer: (message: Buffer) => Buffer) {
    const { serve, stop } = grpcServer(answer);
    callee.session.onStream((stream) => serve(yamux.watched(stream)));
    const stream = await caller.open();
    return { id: stream.id, client: clientOn(stream), stop };
  }

  /** A client that has exchanged SETTINGS with a server which is nothing but bytes. */
  async function http2OnRawPeer() {
    const link: RawLink = await yamux.client();
    const stream = await openStream(link);
    link.peer.write(W(ACK, 1, 0), D(0, 1, EMPTY_SETTINGS));
    const client = clientOn(stream);
    await once(client, 'remoteSettings');
    // Preface, SETTINGS, and the acknowledgement of ours.
    await link.peer.framesUntil((frame) =>
      frame.payload.toString('hex').endsWith('000000040100000000'),
    );
    return { link, stream, client };
  }
});

function dataOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map((frame) => frame.payload));
}

function reverse(message: Buffer): Buffer {
  return Buffer.from(message).reverse();
}
