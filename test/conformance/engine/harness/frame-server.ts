import type { Socket } from 'node:net';
import { credentials, type ChannelOptions } from '@grpc/grpc-js';
import { FLAG, frame, number32, TYPE } from '../../../fixtures/http2/raw-client.js';
import type { Lab } from './lab.js';
import { Listening } from './listening.js';
import { stubOf } from './stub-of.js';
import type { TestStub } from './test-service.js';

const PREFACE_LENGTH = 24;

/** A stream of a frame server: what it may do to its client, without node:http2 in between. */
export class FrameStream {
  constructor(
    readonly socket: Socket,
    readonly id: number,
  ) {}

  headers(fields: Readonly<Record<string, string>>, { end = false } = {}): this {
    const flags = FLAG.endHeaders | (end ? FLAG.endStream : 0);
    return this.#write(frame(TYPE.headers, flags, this.id, literals(fields)));
  }

  data(bytes: Buffer, { end = false } = {}): this {
    return this.#write(frame(TYPE.data, end ? FLAG.endStream : 0, this.id, bytes));
  }

  reset(code: number): this {
    return this.#write(frame(TYPE.rstStream, 0, this.id, number32(code)));
  }

  /** @param lastId - the last stream that was taken. */
  goAway(code: number, lastId: number, debug = ''): this {
    const payload = Buffer.concat([number32(lastId), number32(code), Buffer.from(debug)]);
    return this.#write(frame(TYPE.goAway, 0, 0, payload));
  }

  /** Any bytes at all. */
  raw(bytes: Buffer): this {
    return this.#write(bytes);
  }

  #write(bytes: Buffer): this {
    this.socket.write(bytes);
    return this;
  }
}

export interface FrameServer {
  readonly stub: TestStub;
  /** How many requests it got. */
  requests(): number;
  /** Codes of the RST_STREAM frames it got. */
  readonly resets: number[];
}

/** An HTTP/2 server that does what `onRequest` says, frame by frame, and a stub that dials it. */
export async function frameServer(
  lab: Lab,
  onRequest: (stream: FrameStream) => void,
  client: ChannelOptions = {},
): Promise<FrameServer> {
  let requests = 0;
  const resets: number[] = [];
  const listening = await new Listening((socket) => {
    socket.setNoDelay(true);
    socket.write(frame(TYPE.settings, 0, 0));
    readFrames(socket, ({ type, flags, id, payload }) => {
      if (type === TYPE.settings && flags === 0) socket.write(frame(TYPE.settings, FLAG.ack, 0));
      if (type === TYPE.ping && flags === 0) socket.write(frame(TYPE.ping, FLAG.ack, 0, payload));
      if (type === TYPE.rstStream) resets.push(payload.readUInt32BE());
      if (type !== TYPE.headers) return;
      requests += 1;
      onRequest(new FrameStream(socket, id));
    });
  }).listen();
  lab.after(() => listening.close());
  const channel = lab.pair.client.createDialChannel(
    listening.address,
    credentials.createInsecure(),
    async (socket) => socket,
    client,
  );
  lab.after(() => channel.close());
  return { stub: stubOf(channel), requests: () => requests, resets };
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

function readFrames(socket: Socket, onFrame: (frame: Frame) => void): void {
  let bytes = Buffer.alloc(0);
  let greeted = false;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!greeted) {
      if (bytes.length < PREFACE_LENGTH) return;
      bytes = bytes.subarray(PREFACE_LENGTH);
      greeted = true;
    }
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const [type, flags] = [bytes.readUInt8(3), bytes.readUInt8(4)];
      onFrame({ type, flags, id: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) });
      bytes = bytes.subarray(end);
    }
  });
}

/** HPACK without its tables: each field a literal with a literal name. */
function literals(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name, 'latin1'),
      Buffer.from([value.length]),
      Buffer.from(value, 'latin1'),
    ]),
  );
}
