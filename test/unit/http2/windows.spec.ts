import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_HTTP2_OPTIONS, ErrorCode, verifyHttp2Options } from '../../../lib/http2/index.js';
import { planWindows } from '../../../lib/http2/inbound/window-plan.js';
import { FLAG, frame, type ReceivedFrame, TYPE } from '../../fixtures/http2/raw-client.js';
import {
  accept,
  closing,
  creditOf,
  dataFrames,
  greeted,
  KiB,
  openRequest,
  pair,
  Recorder,
  REQUEST_HEADERS,
  send,
  SETTING,
  settle,
} from '../../fixtures/http2/connections.js';

const MiB = 1024 * KiB;
const SETTINGS_ACK = frame(TYPE.settings, FLAG.ack, 0);

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** The initial windows that SETTINGS frames of the connection announce. */
function announced(frames: ReceivedFrame[]): number[] {
  return frames
    .filter(({ type, flags }) => type === TYPE.settings && flags === 0)
    .map(({ payload }) => {
      expect(payload.readUInt16BE()).toBe(SETTING.initialWindowSize);
      return payload.readUInt32BE(2);
    });
}

describe('the window of the connection', () => {
  it('is credited when data arrives, though nobody reads it', async () => {
    const { peer, recorders } = await greeted({
      consumes: false,
      options: { initialWindowSize: 60_000, connectionWindowSize: 100_000 },
    });
    for (let id = 1; id < 21; id += 2) {
      peer.write(openRequest(id), dataFrames(id, 60_000));
      await settle(peer);
    }

    expect(recorders.map(({ received }) => received)).toEqual(Array<number>(10).fill(60_000));
  });

  it('shrinks when what is unread comes near the limit, and opens again when it is read', async () => {
    const { peer, recorders } = await greeted({
      consumes: false,
      options: { initialWindowSize: 60_000, maxUnreadBytes: 100_000 },
    });
    peer.write(openRequest(1), openRequest(3), dataFrames(1, 60_000), dataFrames(3, 35_000));
    await settle(peer);
    recorders[0]!.stream!.consume(60_000);

    expect(creditOf(await settle(peer), 0)).toBeGreaterThanOrEqual(60_000);
  });

  it('is never open for more than may still be unread', async () => {
    const { peer, recorders } = await greeted({
      consumes: false,
      options: { initialWindowSize: 60_000, maxUnreadBytes: 100_000 },
    });
    peer.write(openRequest(1), openRequest(3), dataFrames(1, 60_000), dataFrames(3, 40_001));

    expect(await peer.goAwayCode()).toBe(ErrorCode.FlowControlError);
    expect(recorders.reduce((sum, { received }) => sum + received, 0)).toBeLessThanOrEqual(100_000);
  });

  it('gets back what a stream had not read when it was reset, once', async () => {
    const { peer, recorders } = await greeted({
      consumes: false,
      options: { initialWindowSize: 60_000, maxUnreadBytes: 100_000 },
    });
    for (let id = 1; id < 21; id += 2) {
      peer.write(openRequest(id), dataFrames(id, 60_000));
      await settle(peer);
      recorders.at(-1)!.stream!.reset(ErrorCode.Cancel);
      recorders.at(-1)!.stream!.consume(60_000);
      await settle(peer);
    }

    expect(recorders.map(({ received }) => received)).toEqual(Array<number>(10).fill(60_000));
  });

  it('gets back what was unread of a stream that came to its end', async () => {
    const { peer, connection } = await greeted({
      role: 'client',
      options: { initialWindowSize: 60_000, maxUnreadBytes: 100_000 },
    });
    const recorders: Recorder[] = [];
    for (let id = 1; id < 21; id += 2) {
      recorders.push(send(connection, true, new Recorder(false)));
      peer.write(
        frame(TYPE.headers, FLAG.endHeaders, id, Buffer.from('88', 'hex')),
        dataFrames(id, 60_000),
        frame(TYPE.data, FLAG.endStream, id),
      );
      await settle(peer);
    }

    expect(recorders.map(({ received }) => received)).toEqual(Array<number>(10).fill(60_000));
  });

  it('is credited for what trickles in, long before half of it is used up', async () => {
    const { peer } = await greeted();
    peer.write(openRequest(1));

    const isCredit = ({ type, streamId }: ReceivedFrame): boolean =>
      type === TYPE.windowUpdate && streamId === 0;
    const timer = setInterval(() => peer.write(dataFrames(1, 2000)), 20);
    const received = await peer.until(isCredit).finally(() => clearInterval(timer));

    expect(received.payload.readUInt32BE()).toBeLessThan(MiB);
  });
});

describe('the windows of streams', () => {
  const options = { initialWindowSize: 64 * KiB, maxUnreadBytes: MiB, maxConcurrentStreams: 100 };
  const { fewStreams, small, growth } = planWindows(verifyHttp2Options(options), false);

  it('add up to what may be unread, whatever the options', () => {
    for (const maxConcurrentStreams of [1, 100, 1000, 10_000]) {
      for (const initialWindowSize of [1000, 65_535, 256 * KiB, 16 * MiB]) {
        const plan = planWindows(
          verifyHttp2Options({ maxConcurrentStreams, initialWindowSize }),
          false,
        );
        const full = Math.min(plan.fewStreams, maxConcurrentStreams);
        const sum = full * plan.full + (maxConcurrentStreams - full) * plan.small + plan.growth;
        expect(sum).toBeLessThanOrEqual(DEFAULT_HTTP2_OPTIONS.maxUnreadBytes);
        expect(plan.small).toBeGreaterThan(1000 - 1);
      }
    }
  });

  it('are small for those that begin while there are many, and full again when there are few', async () => {
    const { peer, recorders } = await greeted({ consumes: false, options });
    const ids = Array.from({ length: fewStreams + 1 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest));
    expect(announced(await settle(peer))).toEqual([small]);

    peer.write(SETTINGS_ACK, dataFrames(ids.at(-1)!, small));
    await settle(peer);
    expect(recorders.at(-1)!.received).toBe(small);
    for (const id of ids.slice(1)) peer.write(frame(TYPE.rstStream, 0, id, Buffer.alloc(4)));
    expect(announced(await settle(peer))).toEqual([64 * KiB]);

    peer.write(dataFrames(1, 64 * KiB));
    await settle(peer);
    expect(recorders[0]!.received).toBe(64 * KiB);
  });

  it('may be filled as they were until the peer has acknowledged that they are small', async () => {
    const { peer, recorders } = await greeted({ consumes: false, options });
    const ids = Array.from({ length: fewStreams + 1 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest), dataFrames(ids.at(-1)!, 64 * KiB));
    await settle(peer);
    expect(recorders.at(-1)!.received).toBe(64 * KiB);

    peer.write(SETTINGS_ACK, dataFrames(1, small), dataFrames(1, 1));
    const reset = await peer.until(({ type }) => type === TYPE.rstStream);
    expect([reset.streamId, recorders[0]!.received]).toEqual([1, small]);
  });

  it('cost no SETTINGS while the number of streams goes up and down a little', async () => {
    const { peer } = await greeted({ consumes: false, options });
    const ids = Array.from({ length: fewStreams + 1 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest));
    await settle(peer);
    peer.write(SETTINGS_ACK);
    for (let id = ids.at(-1)!; id < 40; id += 2) {
      peer.write(frame(TYPE.rstStream, 0, id, Buffer.alloc(4)), openRequest(id + 2));
    }

    expect(announced(await settle(peer))).toEqual([]);
  });

  it('are full at once where a stream that began with a small one is read', async () => {
    const { peer, recorders } = await greeted({ options });
    const ids = Array.from({ length: fewStreams + 1 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest));
    await settle(peer);
    peer.write(SETTINGS_ACK, dataFrames(ids.at(-1)!, small));
    const frames = await settle(peer);

    expect(creditOf(frames, ids.at(-1)!)).toBe(64 * KiB);
    expect(recorders.at(-1)!.received).toBe(small);
  });

  it('give back what they took to grow when their streams end', async () => {
    const { peer } = await greeted({ options });
    const ids = Array.from({ length: fewStreams + 1 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest));
    await settle(peer);
    peer.write(SETTINGS_ACK);
    const rounds = Math.ceil((2 * growth) / (64 * KiB - small));
    let grown = 0;
    for (let i = 0, id = ids.at(-1)! + 2; i < rounds; i += 1, id += 2) {
      peer.write(openRequest(id), dataFrames(id, small));
      grown += creditOf(await settle(peer), id) === 64 * KiB ? 1 : 0;
      peer.write(frame(TYPE.rstStream, 0, id, Buffer.alloc(4)));
    }

    expect(grown).toBe(rounds);
  });

  it('never come to nothing, however many streams take what there is to grow', async () => {
    const { peer, recorders } = await greeted({ options });
    const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1);
    peer.write(...ids.map(openRequest));
    await settle(peer);
    peer.write(SETTINGS_ACK);
    const half = Math.floor(small / 2);
    for (let i = 0; i < 6; i += 1) {
      peer.write(...ids.map((id) => dataFrames(id, half)));
      await settle(peer);
    }

    expect(recorders.map(({ received }) => received)).toEqual(Array<number>(100).fill(6 * half));
  });

  it('of a client are small before the request is sent that makes many of few', async () => {
    const { peer, connection } = await greeted({ role: 'client', options });
    const before = planWindows(verifyHttp2Options(options), true).fewStreams;
    for (let i = 0; i <= before; i += 1) send(connection);
    const frames = await settle(peer);
    const at = frames.findIndex(({ type }) => type === TYPE.settings);

    expect(frames.slice(0, at).filter(({ type }) => type === TYPE.headers)).toHaveLength(before);
    expect(frames.filter(({ type }) => type === TYPE.headers)).toHaveLength(before + 1);
  });
});

describe('streams that nobody reads', () => {
  it.each([300, 10_000])('hold up no other, be there %i of them', async (count) => {
    const limits = { maxConcurrentStreams: 10_001 };
    const message = Buffer.alloc(MiB);
    const requests: Recorder[] = [];
    const { client, server } = pair(
      {
        server: {
          onRequest: (stream, _headers, endStream) => {
            if (endStream) return accept(stream);
            const recorder = new Recorder(false);
            recorder.stream = stream;
            stream.listener = recorder;
            requests.push(recorder);
          },
        },
      },
      limits,
    );
    await new Promise<void>((resolve) => {
      const wait = (): void => (client.hasRoom ? resolve() : void setImmediate(wait));
      wait();
    });
    await client.ping();
    for (let i = 0; i < count; i += 1) {
      const recorder = new Recorder();
      recorder.stream = client.request(REQUEST_HEADERS, recorder);
      recorder.stream.write([message], MiB);
    }
    const beside = send(client);

    expect(await beside.closed).toBeUndefined();
    await server.ping();
    const unread = requests.reduce((sum, { received }) => sum + received, 0);
    expect(unread).toBeLessThanOrEqual(DEFAULT_HTTP2_OPTIONS.maxUnreadBytes);
    expect(requests).toHaveLength(count);
  });
});
