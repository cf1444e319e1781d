import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { status, type ServerOptions } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  messageLimitsOf,
  NO_ROOM,
  sessionMemoryOf,
} from '../../../../lib/grpc/built-in/message-limits.js';
import { builtInEngine } from '../../../../lib/grpc/index.js';
import { showValue } from '../../../../lib/options/index.js';
import {
  ErrorCode,
  Http2Connection,
  type Http2ConnectionOptions,
  type Http2Stream,
} from '../../../../lib/http2/index.js';
import { take } from '../../../fixtures/grpc/answers.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import type { Handlers } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const MiB = 1024 * 1024;
/** Bytes of a message; of two of them a megabyte has no room. */
const LARGE = 600_000;
const ONE_MEGABYTE: ServerOptions = { 'grpc-node.max_session_memory': 1 };

let site: Site;
/** Lengths of the requests that handlers of `list` have. */
let handled: number[];

beforeEach(() => {
  handled = [];
  site = new Site();
});

afterEach(() => site.close());

/** A call in the hands of a peer that sends and reads of it what it likes. */
interface PeerCall {
  stream: Http2Stream;
  /** Its `grpc-status` and `grpc-message`, when they have come. */
  code: number | undefined;
  details: string;
  received: number;
  send(bytes: Uint8Array, isAll?: boolean): void;
}

async function lengthOf(call: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const request of call) {
    length += request.length;
    await new Promise(setImmediate);
  }
  return length;
}

/** A message that asks for an answer of so many bytes. */
function asking(bytes: number): Buffer {
  const request = Buffer.alloc(4);
  request.writeUInt32BE(bytes);
  return framed(request);
}

/** A connection to a server that answers each message with one of the same size, or of the size that it asks for. */
async function peer(
  options: ServerOptions,
  { reads = true, ...http2 }: Partial<Http2ConnectionOptions> & { reads?: boolean } = {},
  handlers: Partial<Handlers> = {},
) {
  const { address } = await site.serve(
    {
      unary: ({ request }, callback) =>
        callback(
          null,
          Buffer.alloc(request.length === 4 ? request.readUInt32BE() : request.length),
        ),
      // Never answers.
      list: (call) => void handled.push(call.request.length),
      // Reads one after the other.
      collect(call, callback) {
        lengthOf(call).then(
          (length) => callback(null, Buffer.alloc(length)),
          () => {}, // The call has ended.
        );
      },
      ...handlers,
    },
    options,
  );
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  await once(socket, 'connect');
  let isReady = false;
  const connection = new Http2Connection(
    socket,
    'client',
    { onReady: () => (isReady = true) },
    http2,
  );
  site.after(() => connection.destroy());
  await eventually(() => isReady).toBe(true);

  const note = (call: PeerCall, headers: readonly string[]): void => {
    const at = headers.indexOf('grpc-status');
    if (at < 0) return;
    call.code = Number(headers[at + 1]);
    call.details = headers[headers.indexOf('grpc-message') + 1]!;
  };
  return (method = 'unary', encoding = 'identity'): PeerCall => {
    const call = { code: undefined, details: '', received: 0 } as PeerCall;
    const listener = {} as Http2Stream;
    take(listener, {
      onHeaders: (headers) => note(call, headers),
      onTrailers: (headers) => note(call, headers),
      onData: (chunk, start, end) => {
        const piece = chunk.subarray(start, end);
        call.received += piece.length;
        if (reads) call.stream.consume(piece.length);
      },
    });
    call.stream = connection.request(
      [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', `/unit.Test/${method}`],
        [':authority', 'here'],
        ['te', 'trailers'],
        ['content-type', 'application/grpc'],
        ['grpc-encoding', encoding],
      ].flat(),
      listener.listener,
    );
    call.send = (bytes, isAll = false) => call.stream.write([bytes], bytes.length, isAll);
    return call;
  };
}

const message = framed(Buffer.alloc(LARGE));
const [most, rest] = [message.subarray(0, -1), message.subarray(-1)];

describe('messages of one connection that are not complete', () => {
  it('share "grpc-node.max_session_memory": a call that needs more ends, those before it go on', async () => {
    const begin = await peer(ONE_MEGABYTE);
    const first = begin();
    first.send(most);
    const second = begin();
    second.send(most);
    await eventually(() => second.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(first.code).toBeUndefined();

    first.send(rest, true);
    await eventually(() => first.code).toBe(status.OK);
    expect(first.received).toBe(message.length);
  });

  it('give back what they took when they are complete, and when nobody sends the rest', async () => {
    const begin = await peer(ONE_MEGABYTE);
    for (let i = 0; i < 4; i += 1) {
      const complete = begin();
      complete.send(message, true);
      await eventually(() => complete.code).toBe(status.OK);

      const [cut, tooMuch] = [begin(), begin()];
      cut.send(most);
      tooMuch.send(most);
      // Either may be the one that is too much.
      await eventually(() => [cut.code, tooMuch.code]).toContain(status.RESOURCE_EXHAUSTED);
      for (const { stream } of [cut, tooMuch]) stream.reset(ErrorCode.Cancel);
    }
  });
});

describe('compressed requests', () => {
  const bomb = framed(gzipSync(Buffer.alloc(LARGE)), true);

  it('of unary calls become messages when the peer has sent all it had to, and not before', async () => {
    const begin = await peer(ONE_MEGABYTE);
    const calls = Array.from({ length: 20 }, () => begin('unary', 'gzip'));
    for (const call of calls) call.send(bomb);
    const last = begin();
    last.send(framed(Buffer.alloc(1)), true);
    await eventually(() => last.code).toBe(status.OK);
    expect(calls.map(({ code }) => code)).toEqual(calls.map(() => undefined));
    for (const call of calls) {
      call.stream.end();
      await eventually(() => call.code).toBe(status.OK);
      expect(call.received).toBe(message.length);
    }
  });

  it.each([
    ['gzip', bomb],
    ['deflate', framed(deflateSync(Buffer.alloc(LARGE)), true)],
    ['identity', message],
  ])(
    'in %s count until their call ends, whatever their handler does',
    async (encoding, request) => {
      const begin = await peer(ONE_MEGABYTE);
      const first = begin('list', encoding);
      first.send(request, true);
      await eventually(() => handled).toEqual([LARGE]);

      const second = begin('list', encoding);
      second.send(request, true);
      await eventually(() => second.code).toBe(status.RESOURCE_EXHAUSTED);
      expect(second.details).toBe(NO_ROOM);
      expect(first.code).toBeUndefined();

      first.stream.reset(ErrorCode.Cancel);
      const third = begin('list', encoding);
      third.send(request, true);
      await eventually(() => handled).toEqual([LARGE, LARGE]);
    },
  );

  it('of one call count one at a time, as its handler reads them', async () => {
    const begin = await peer(ONE_MEGABYTE);
    const call = begin('collect', 'gzip');
    for (let i = 0; i < 10; i += 1) call.send(bomb);
    call.stream.end();
    await eventually(() => call.code).toBe(status.OK);
    expect(call.received).toBe(10 * LARGE + 5);
  });

  it('that are none end their call, though its peer does not', async () => {
    const begin = await peer({});
    for (const encoding of ['gzip', 'deflate', 'identity']) {
      const call = begin('collect', encoding);
      call.send(framed(Buffer.alloc(0), true));
      await eventually(() => call.code).toBe(status.INTERNAL);
    }
  });
});

describe('a request that is small but becomes many objects', () => {
  it('counts as these, where a text of its length counts as one', async () => {
    const begin = await peer(ONE_MEGABYTE);
    const list = begin('list');
    list.send(framed(Buffer.alloc(64_000, Buffer.from([0x0a, 0x00]))), true);
    await eventually(() => list.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(list.details).toBe(NO_ROOM);

    for (let i = 1; i <= 10; i += 1) {
      begin('list').send(framed(Buffer.alloc(64_000, 'a')), true);
      await eventually(() => handled).toHaveLength(i);
    }
  });
});

describe('replies that a peer does not take', () => {
  it('refuse its calls beyond "grpc-node.max_session_memory", until it takes them', async () => {
    const begin = await peer(ONE_MEGABYTE, { reads: false });
    // Of each reply a window is on its way; the rest, 344 KB, waits here.
    const stalled: PeerCall[] = [];
    for (let i = 0; i < 3; i += 1) {
      const call = begin();
      call.send(asking(LARGE), true);
      await eventually(() => call.received).toBeGreaterThan(0);
      stalled.push(call);
    }

    const refused = begin();
    refused.send(framed(Buffer.alloc(1)), true);
    await eventually(() => refused.code).toBe(status.RESOURCE_EXHAUSTED);

    for (const { stream } of stalled) stream.reset(ErrorCode.Cancel);
    const next = begin();
    next.send(framed(Buffer.alloc(1)), true);
    await eventually(() => next.code).toBe(status.OK);
  });

  it('end the calls under way that have more of them', async () => {
    const answers: (() => void)[] = [];
    const unary: Handlers['unary'] = (_call, callback) => {
      answers.push(() => callback(null, Buffer.alloc(LARGE)));
    };
    const begin = await peer(ONE_MEGABYTE, { reads: false }, { unary });
    const calls = Array.from({ length: 20 }, () => begin());
    for (const call of calls) call.send(framed(Buffer.alloc(1)), true);
    await eventually(() => answers.length).toBe(20);

    for (const answer of answers) answer();

    // Of each reply a window is on its way; the rest, 338 KB, waits here.
    const ended = (): number => calls.filter(({ code }) => code !== undefined).length;
    await eventually(ended).toBeGreaterThan(16);
    expect(ended()).toBeLessThan(20);
    expect(new Set(calls.map(({ code }) => code))).toEqual(
      new Set([undefined, status.RESOURCE_EXHAUSTED]),
    );
  });
});

describe.each(['grpc.max_receive_message_length', 'grpc.max_send_message_length'])(
  '"%s"',
  (name) => {
    it.each([Number.NaN, '5000', null])('of %o is an error: it would be no limit', (value) => {
      expect(() => builtInEngine.createServer({ [name]: value as number })).toThrow(
        `option "${name}" must be a number of bytes, or -1, not ${showValue(value)}`,
      );
    });
  },
);

describe('"grpc-node.max_session_memory"', () => {
  it.each([
    [{}, 256 * MiB],
    [{ 'grpc.max_receive_message_length': 100 * MiB }, 3200 * MiB],
    [{ 'grpc.max_receive_message_length': -1 }, Infinity],
    [{ 'grpc-node.max_session_memory': 5 }, 5_000_000],
    [{ 'grpc-node.max_session_memory': 5, 'grpc.max_receive_message_length': -1 }, 5_000_000],
  ])('of %o is %d bytes', (options, bytes) => {
    expect(sessionMemoryOf(options)).toBe(bytes);
    expect(sessionMemoryOf(options)).toBeGreaterThan(messageLimitsOf(options).maxReceiveLength);
  });

  it.each([0, -1, Number.NaN, '10'])('of %o is an error', (value) => {
    const options = { 'grpc-node.max_session_memory': value as number };
    expect(() => builtInEngine.createServer(options)).toThrow(
      'option "grpc-node.max_session_memory" must be a number of megabytes above 0',
    );
  });
});
