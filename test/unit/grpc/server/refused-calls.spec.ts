import { deflateSync } from 'node:zlib';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ErrorCode, Http2Stream } from '../../../../lib/http2/index.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { openCall } from '../../../fixtures/grpc/raw-request.js';
import { stubOf } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { FLAG, frame, RawClient, TYPE } from '../../../fixtures/http2/raw-client.js';
import { inserted, NEWEST } from '../../../fixtures/http2/table-fields.js';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

const POST_HTTP = Buffer.from('8386', 'hex');
/** A literal that no table has, so that the newest entry stays the newest. */
const CONTENT_TYPE = Buffer.concat([
  Buffer.from('0f1010', 'hex'),
  Buffer.from('application/grpc', 'latin1'),
]);

async function rawClient(): Promise<RawClient> {
  const { address } = await site.serve({
    unary: ({ request }, callback) => callback(null, request),
  });
  const client = await new RawClient(Number(address.split(':')[1])).greet();
  site.after(() => client.socket.destroy());
  return client;
}

/** The end of the call that `frames` make, as bytes of its last header block. */
async function answerTo(client: RawClient, ...frames: Buffer[]): Promise<Buffer> {
  client.write(...frames);
  const { payload } = await client.until(
    ({ type, flags }) => type === TYPE.headers && (flags & FLAG.endStream) > 0,
  );
  return payload;
}

const unknownMethod = (id: number, path: Buffer): Buffer =>
  frame(
    TYPE.headers,
    FLAG.endHeaders | FLAG.endStream,
    id,
    Buffer.concat([POST_HTTP, path, CONTENT_TYPE]),
  );

describe('an answer to a call that is refused', () => {
  it('repeats no more than the beginning of a path that the caller named by its index', async () => {
    const client = await rawClient();
    const path = inserted(':path', `/${'\xe9'.repeat(3900)}`);
    for (let i = 0; i < 10; i++) {
      const answer = await answerTo(client, unknownMethod(1 + 2 * i, i === 0 ? path : NEWEST));
      expect(answer.length).toBeLessThan(1024);
    }
  });

  it.each(['grpc-timeout', 'grpc-encoding'])('repeats as little of %s', async (name) => {
    const client = await rawClient();
    const call = openCall(1, 'unary').subarray(9);
    const block = Buffer.concat([call, inserted(name, '\xe9'.repeat(3900))]);
    const compressed = framed(deflateSync(Buffer.from('a message')));
    compressed[0] = 1;

    const answer = await answerTo(
      client,
      frame(TYPE.headers, FLAG.endHeaders, 1, block),
      frame(TYPE.data, FLAG.endStream, 1, compressed),
    );

    expect(answer.length).toBeLessThan(1024);
  });

  it('says what it said before where that is short', async () => {
    const { address } = await site.serve({});
    const call = new RawCall(site.channel(address), { path: '/unit.Test/nothing' });
    expect(await call.ended).toBe(status.UNIMPLEMENTED);
    expect(call.details).toBe('The server does not implement the method /unit.Test/nothing');
  });
});

describe('a call that is refused', () => {
  const message = framed(Buffer.from('a message'));
  const compressed = Buffer.concat([Buffer.of(1), message.subarray(1)]);
  const DATA = frame(TYPE.data, FLAG.endStream, 1, message);

  it.each<[why: string, charged: number, frames: Buffer[]]>([
    ['an unknown method', 1, [openCall(1, 'nothing'), DATA]],
    ['another content-type', 1, [wrongContentType(), DATA]],
    ['a bad timeout', 1, [openCall(1, 'unary', [['grpc-timeout', 'soon']]), DATA]],
    [
      'an unsupported encoding',
      1,
      [
        openCall(1, 'unary', [['grpc-encoding', 'br']]),
        frame(TYPE.data, FLAG.endStream, 1, compressed),
      ],
    ],
    [
      'a message that is cut',
      1,
      [openCall(1, 'unary'), frame(TYPE.data, FLAG.endStream, 1, message.subarray(0, 8))],
    ],
    ['nothing: it is served', 0, [openCall(1, 'unary'), DATA]],
  ])('is charged to the caller for %s', async (_why, charged, frames) => {
    const charge = vi.spyOn(Http2Stream.prototype, 'chargeRefusal');
    try {
      const client = await rawClient();
      client.write(...frames);
      await client.until(
        ({ type, streamId, flags }) =>
          streamId === 1 && type !== TYPE.rstStream && (flags & FLAG.endStream) > 0,
      );
      expect(charge).toHaveBeenCalledTimes(charged);
    } finally {
      charge.mockRestore();
    }
  });

  it('is charged to the caller for a deadline that passes before it got anything', async () => {
    const charge = vi.spyOn(Http2Stream.prototype, 'chargeRefusal');
    try {
      const { address } = await site.serve({ unary: () => {} });
      const client = await new RawClient(Number(address.split(':')[1])).greet();
      site.after(() => client.socket.destroy());
      await answerTo(client, openCall(1, 'unary', [['grpc-timeout', '1m']]), DATA);
      expect(charge).toHaveBeenCalledTimes(1);
    } finally {
      charge.mockRestore();
    }
  });

  it('may be repeated by a client that is set up wrong, but not without end', async () => {
    const client = await rawClient();
    const path = inserted(':path', '/unit.Test/nothing');
    const calls = (from: number, to: number): void => {
      for (let i = from; i < to; i += 1000) {
        const some = Array.from({ length: 1000 }, (_, j) =>
          unknownMethod(1 + 2 * (i + j), i + j === 0 ? path : NEWEST),
        );
        client.write(...some);
      }
    };
    calls(0, 10_000);
    await client.ping();

    const code = client.goAwayCode();
    calls(10_000, 60_000);

    expect(await code).toBe(ErrorCode.EnhanceYourCalm);
  }, 30_000);
});

describe('long headers', () => {
  it('count as memory of their connection until their call ends', async () => {
    const { address } = await site.serve(
      { unary: ({ request }, callback) => callback(null, request) },
      { 'grpc-node.max_session_memory': 0.5 },
    );
    const channel = site.channel(address);
    const metadata = new Metadata();
    metadata.set('long', 'x'.repeat(60_000));
    const open = Array.from({ length: 8 }, () => new RawCall(channel, { metadata, ends: false }));

    const tooMuch = new RawCall(channel, { metadata });
    expect(await tooMuch.ended).toBe(status.RESOURCE_EXHAUSTED);
    expect(tooMuch.details).toContain('"grpc-node.max_session_memory"');
    expect(await new RawCall(channel).ended).toBe(status.OK);
    for (const { call } of open) call.halfClose();
    await Promise.all(open.map(({ ended }) => ended));

    expect(open.map(({ code }) => code)).toEqual(open.map(() => status.OK));
    expect(await new RawCall(channel, { metadata }).ended).toBe(status.OK);
  });
});

describe('binary values that one header lists', () => {
  it('count as memory of their connection, each as a buffer of its own', async () => {
    const { address } = await site.serve(
      { unary: ({ request }, callback) => callback(null, request) },
      { 'grpc-node.max_session_memory': 0.5 },
    );
    const client = await new RawClient(Number(address.split(':')[1])).greet();
    site.after(() => client.socket.destroy());
    const list = inserted('x-bin', ','.repeat(399));
    const unary = (id: number): Buffer => {
      const block = Buffer.concat([openCall(id, 'unary').subarray(9), list]);
      return frame(TYPE.headers, FLAG.endHeaders, id, block);
    };
    client.write(...[1, 3, 5, 7].map(unary));

    // The others are still open; without the account this one would be, too.
    await answerTo(client, unary(9));
  });
});

describe('metadata of a call', () => {
  function withValues(count: number): Metadata {
    const metadata = new Metadata();
    for (let i = 0; i < count; i++) metadata.add('x-bin', Buffer.of(i));
    return metadata;
  }

  /** A server that sends as many values back as it is asked for, where it is asked to. */
  async function asked(what: 'headers' | 'trailers', count: number): Promise<RawCall> {
    const { address } = await site.serve({
      unary: (call, callback) => {
        if (what === 'headers') call.sendMetadata(withValues(count));
        callback(null, call.request, what === 'trailers' ? withValues(count) : undefined);
      },
    });
    const call = new RawCall(site.channel(address));
    await call.ended;
    return call;
  }

  it('may have 400 values of a name', async () => {
    let got = 0;
    const { address } = await site.serve({
      unary: ({ request, metadata }, callback) => {
        got = metadata.get('x-bin').length;
        callback(null, request);
      },
    });
    const call = new RawCall(site.channel(address), { metadata: withValues(400) });
    expect(await call.ended).toBe(status.OK);
    expect(got).toBe(400);
  });

  it('is refused with too many values, and the connection goes on', async () => {
    const { address, sockets } = await site.serve({
      unary: ({ request }, callback) => callback(null, request),
    });
    const channel = site.channel(address);
    const call = new RawCall(channel, { metadata: withValues(600) });
    expect(await call.ended).toBe(status.RESOURCE_EXHAUSTED);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(sockets).toHaveLength(1);
  });

  it.each(['headers', 'trailers'] as const)('is limited in %s of a response', async (what) => {
    expect((await asked(what, 400)).code).toBe(status.OK);
    expect((await asked(what, 600)).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('has three values that one header joins with commas', async () => {
    const values: unknown[] = [];
    const { address } = await site.serve({
      unary: ({ request, metadata }, callback) => {
        values.push(...metadata.get('x-bin'));
        callback(null, request);
      },
    });
    const client = await new RawClient(Number(address.split(':')[1])).greet();
    site.after(() => client.socket.destroy());
    await answerTo(
      client,
      openCall(1, 'unary', [['x-bin', 'AQI=,AwQ,BQ==']]),
      frame(TYPE.data, FLAG.endStream, 1, framed(Buffer.from('a message'))),
    );
    expect(values).toEqual([Buffer.of(1, 2), Buffer.of(3, 4), Buffer.of(5)]);
  });

  it('takes what a handler adds to it', async () => {
    const { address } = await site.serve({
      unary: (call, callback) => {
        call.metadata.add('more', 'value');
        callback(null, Buffer.from(JSON.stringify(call.metadata)));
      },
    });
    const stub = stubOf(site.channel(address));
    const reply = await new Promise<string>((resolve) =>
      stub.unary(Buffer.alloc(1), (_error, value) => resolve(String(value))),
    );
    expect(JSON.parse(reply)).toMatchObject({ more: ['value'] });
  });
});

function wrongContentType(): Buffer {
  const block = openCall(1, 'unary')
    .toString('latin1')
    .replace('application/grpc', 'application/json');
  return Buffer.from(block, 'latin1');
}
