import type { Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  closing,
  dataFrames,
  openRequest,
  SETTING,
  settings,
} from '../../fixtures/http2/connections.js';
import { startHelloServer } from '../../fixtures/http2/hello-server.js';
import {
  FLAG,
  frame,
  number32,
  RawClient,
  REQUEST,
  TYPE,
} from '../../fixtures/http2/raw-client.js';

const ENHANCE_YOUR_CALM = 11;
const MiB = 1024 * 1024;
/** A header of 3 KiB into the table, then named again by one byte each time. */
const BOMB = Buffer.concat([
  REQUEST,
  Buffer.from('4001787f8117', 'hex'),
  Buffer.alloc(3072, 'a'),
  Buffer.alloc(1000, 0xbe),
]);

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('an HTTP/2 server of ours', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    ({ server, port } = await startHelloServer());
  });

  afterAll(() => server.close());

  const connect = (): Promise<RawClient> => new RawClient(port).greet();

  /** Sends `flood` again and again until the connection is ended, `times` at most. */
  async function flood(
    client: RawClient,
    times: number,
    make: (i: number) => Buffer,
  ): Promise<number> {
    const code = client.goAwayCode();
    for (let i = 0; i < times; i += 100) {
      if (client.socket.destroyed) break;
      client.write(...Array.from({ length: 100 }, (_, j) => make(i + j)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return code;
  }

  it.each<[what: string, make: (i: number) => Buffer]>([
    ['pings', () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))],
    ['settings', () => frame(TYPE.settings, 0, 0)],
    [
      'streams that are opened and reset at once (CVE-2023-44487)',
      (i) =>
        Buffer.concat([
          frame(TYPE.headers, FLAG.endHeaders, 2 * i + 1, REQUEST),
          frame(TYPE.rstStream, 0, 2 * i + 1, number32(8)),
        ]),
    ],
    [
      'empty DATA frames (CVE-2019-9518)',
      (i) => (i === 0 ? frame(TYPE.headers, FLAG.endHeaders, 1, REQUEST) : frame(TYPE.data, 0, 1)),
    ],
    [
      'CONTINUATION without end (CVE-2024-27983)',
      (i) =>
        i === 0
          ? frame(TYPE.headers, 0, 1, REQUEST)
          : frame(TYPE.continuation, 0, 1, Buffer.from('0000', 'hex')),
    ],
    [
      'credit for streams that are over',
      (i) =>
        i === 0
          ? frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, REQUEST)
          : frame(TYPE.windowUpdate, 0, 1, number32(1)),
    ],
    ['PRIORITY (CVE-2019-9513)', () => frame(TYPE.priority, 0, 1, Buffer.alloc(5))],
    ['frames of unknown types', () => frame(0xbe, 0, 0)],
    ['answers to pings that nobody sent', () => frame(TYPE.ping, FLAG.ack, 0, Buffer.alloc(8))],
    ['acknowledgements of settings again and again', () => frame(TYPE.settings, FLAG.ack, 0)],
    ['GOAWAY', (i) => (i === 0 ? openRequest(1) : frame(TYPE.goAway, 0, 0, Buffer.alloc(8)))],
    ['credit of one byte for all streams', () => frame(TYPE.windowUpdate, 0, 0, number32(1))],
    [
      'settings that change all windows',
      (i) => settings([SETTING.initialWindowSize, i % 2 ? 0 : 65_535]),
    ],
    [
      'requests without headers',
      (i) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * i + 1),
    ],
    [
      'headers too large (HPACK bombs)',
      (i) => frame(TYPE.headers, FLAG.endHeaders, 2 * i + 1, BOMB),
    ],
    [
      'streams that are reset at once, though data came on them',
      (i) =>
        Buffer.concat([
          openRequest(2 * i + 1),
          dataFrames(2 * i + 1, 1),
          dataFrames(2 * i + 1, 1),
          frame(TYPE.rstStream, 0, 2 * i + 1, number32(8)),
        ]),
    ],
    ['streams beyond the limit', (i) => openRequest(2 * i + 1)],
  ])('ends the connection of a client that floods it with %s', async (_what, make) => {
    expect(await flood(await connect(), 50_000, make)).toBe(ENHANCE_YOUR_CALM);
  });

  it('holds little for a client that sends header blocks without end', async () => {
    const client = await connect();
    const before = process.memoryUsage.rss();
    const code = client.goAwayCode();

    client.write(frame(TYPE.headers, 0, 1, REQUEST));
    for (let i = 0; i < 100; i++)
      client.write(frame(TYPE.continuation, 0, 1, Buffer.alloc(16_384)));

    expect(await code).toBe(ENHANCE_YOUR_CALM);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MiB);
  });

  it('refuses headers that are small to send and large to hold (HPACK bomb)', async () => {
    const client = await connect();
    // One header of 3 KiB into the table, then named 10,000 times by one byte each.
    const large = Buffer.concat([
      Buffer.from('400178', 'hex'),
      Buffer.from([0x7f, 0x81, 0x17]),
      Buffer.alloc(3072, 'a'),
    ]);
    const bomb = Buffer.concat([REQUEST, large, Buffer.alloc(10_000, 0xbe)]);

    client.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, bomb));

    const reset = await client.until(({ type }) => type === TYPE.rstStream);
    expect(reset.payload.readUInt32BE()).toBe(ENHANCE_YOUR_CALM);
    await client.ping();
  });

  it('serves others while it is flooded', async () => {
    const hostile = await connect();
    const other = await connect();
    const flooded = flood(hostile, 20_000, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8)));

    other.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, REQUEST));

    const { type } = await other.until(({ flags }) => (flags & FLAG.endStream) !== 0);
    expect(type).toBe(TYPE.data);
    expect(await flooded).toBe(ENHANCE_YOUR_CALM);
  });
});
