import http2 from 'node:http2';
import { duplexPair, type Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { HpackDecoder, HpackEncoder } from '../../../../lib/http2/hpack/index.js';
import { encode, type Header } from './blocks.js';
import { Random, RandomHeaders } from './random.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEADERS = 1;
const SETTINGS = 4;
const CONTINUATION = 9;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const HEADER_TABLE_SIZE = 1;
const MAX_FRAME_SIZE = 16_384;
/** One that both implementations keep secret by themselves, and one that they are told. */
const SECRETS = new Set(['authorization', 'x-secret']);

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** The other implementation is nghttp2, which is inside Node; it is made to talk by bare frames. */
describe('HPACK with node:http2', () => {
  const opened: { destroy(): void }[] = [];

  afterEach(() => {
    for (const thing of opened.splice(0)) thing.destroy();
  });

  it.each([4096, 0, 300, 1000, 4095])(
    'decodes what its client encodes, with a table of %i bytes',
    async (tableSize) => {
      const [near, far] = duplexPair();
      const client = http2.connect('http://backchannel', { createConnection: () => near });
      opened.push(client, near, far);
      const frames = readFrames(far, PREFACE.length);
      far.write(settings(tableSize));
      const decoder = new HpackDecoder();
      const sent = randomRequests(tableSize, 300);

      for (const headers of sent) {
        opened.push(client.request(forNode(headers), { endStream: true }));
        const block = await nextBlock(frames, () => decoder.setMaxTableSize(tableSize));

        const received: Header[] = [];
        decoder.decode(block, 0, block.length, (name, value, neverIndexed) =>
          received.push(neverIndexed ? [name, value, 'never indexed'] : [name, value]),
        );
        expect(received).toEqual(headers);
      }
    },
  );

  it.each([4096, 0, 300, 1000, 65_536])(
    'encodes what its server decodes, with a table of %i bytes',
    async (tableSize) => {
      const [near, far] = duplexPair();
      opened.push(near, far);
      const received: Header[][] = [];
      const server = http2.createServer({ settings: { headerTableSize: tableSize } });
      server.on('stream', (stream, headers, _flags, ...[raw]: [string[]?]) => {
        received.push(fromNode(raw!, secretsIn(headers)));
        stream.respond({}, { endStream: true });
      });
      server.emit('connection', far);
      near.write(Buffer.concat([Buffer.from(PREFACE), settings(4096)]));
      const frames = readFrames(near, 0);
      expect((await frames.next()).value).toMatchObject({ type: SETTINGS, flags: 0 });
      near.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
      const encoder = new HpackEncoder({ maxTableSize: 65_536 });
      encoder.setMaxTableSize(tableSize);
      const sent = randomRequests(tableSize, 300);

      for (const [index, headers] of sent.entries()) {
        near.write(headersFrames(2 * index + 1, encode(encoder, headers, SECRETS)));
        await nextBlock(frames, () => {});
        expect(received.pop()).toEqual(headers);
      }
    },
  );
});

function randomRequests(seed: number, count: number): Header[][] {
  const generator = new RandomHeaders(new Random(seed));
  return Array.from({ length: count }, (_, index) => {
    const request = new Map([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', `/Payload/${index % 7}`],
      [':authority', 'backchannel'],
      ['x-secret', `${index}`],
    ]);
    // Node joins headers of the same name; that is not what is tested here.
    for (const [name, value] of generator.list(10)) request.set(name, value);
    return [...request].map(([name, value]): Header =>
      SECRETS.has(name) ? [name, value, 'never indexed'] : [name, value],
    );
  });
}

function forNode(headers: readonly Header[]): http2.OutgoingHttpHeaders {
  return {
    ...Object.fromEntries(headers.map(([name, value]) => [name, value])),
    [http2.sensitiveHeaders]: ['x-secret'],
  };
}

/** The types of Node do not know the symbol as a key. */
function secretsIn(headers: object): readonly string[] {
  return Reflect.get(headers, http2.sensitiveHeaders) as string[];
}

function fromNode(raw: readonly string[], secrets: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i]!, raw[i + 1]!];
    headers.push(secrets.includes(name) ? [name, value, 'never indexed'] : [name, value]);
  }
  return headers;
}

/** The next header block, whole; says when the peer acknowledges settings. */
async function nextBlock(frames: AsyncIterator<Frame>, onAck: () => void): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const next = await frames.next();
    if (next.done === true) throw new Error('the connection ended');
    const { type, flags, payload } = next.value;
    if (type === SETTINGS && flags === ACK) onAck();
    if (type !== HEADERS && type !== CONTINUATION) continue;
    parts.push(payload);
    if ((flags & END_HEADERS) !== 0) return Buffer.concat(parts);
  }
}

async function* readFrames(duplex: Duplex, skip: number): AsyncGenerator<Frame, void> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of duplex) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.length < skip) continue;
    bytes = bytes.subarray(skip);
    skip = 0;
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      yield { type: bytes[3]!, flags: bytes[4]!, payload: bytes.subarray(9, end) };
      bytes = bytes.subarray(end);
    }
  }
}

function settings(tableSize: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  payload.writeUInt32BE(tableSize, 2);
  return frame(SETTINGS, 0, 0, payload);
}

function headersFrames(streamId: number, block: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let start = 0; start < block.length; start += MAX_FRAME_SIZE) {
    const end = Math.min(block.length, start + MAX_FRAME_SIZE);
    const flags = (start === 0 ? END_STREAM : 0) | (end === block.length ? END_HEADERS : 0);
    const type = start === 0 ? HEADERS : CONTINUATION;
    frames.push(frame(type, flags, streamId, block.subarray(start, end)));
  }
  return Buffer.concat(frames);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}
