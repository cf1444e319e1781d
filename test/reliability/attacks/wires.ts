import type { Socket } from 'node:net';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { D, SYN, W } from '../../fixtures/yamux-frames.js';
import { GREETING, MAGIC, SETTINGS_ACK } from './frames.js';
import type { Target } from './target.js';

/** What an attack writes to, for as long as the other end puts up with it. */
export interface Wire {
  readonly isOpen: boolean;
  /** Whether the other end takes no more for now. */
  readonly isFull: boolean;
  write(bytes: Buffer): void;
}

/** A bare connection that begins with `start`; whether it reads what comes is for the attack to say. */
export async function bareWire(target: Target, start: Buffer, reads = true): Promise<Wire> {
  const socket = await target.connect();
  if (reads) socket.resume();
  if (start.length > 0) socket.write(start);
  return wireOf(socket);
}

/** A multiplexed connection, spoken to frame by frame of yamux: its first stream is greeted in HTTP/2. */
export function yamuxWire(target: Target, reads = true): Promise<Wire> {
  return bareWire(target, Buffer.concat([MAGIC, W(SYN, 1, 0), D(0, 1, GREETING)]), reads);
}

/** How an `Http2Wire` behaves. */
export interface Http2Conduct {
  /** Whether it goes on reading behind the greeting. Default true. */
  reads?: boolean;
  /** Gets the streams that the other end opens to call back. Default: they are read, and not answered. */
  onCallBack?: (
    stream: ReturnType<YamuxSession['open']> extends Promise<infer S> ? S : never,
  ) => void;
}

/** The first stream of a multiplexed connection that keeps to yamux, spoken to frame by frame of HTTP/2. */
export async function http2Wire(
  target: Target,
  { reads = true, onCallBack }: Http2Conduct = {},
): Promise<Wire> {
  const socket = await target.connect();
  socket.write(MAGIC);
  const session = new YamuxSession(socket, 'client');
  session.onStream((stream) => {
    stream.on('error', () => {}); // The other end cut it.
    if (onCallBack === undefined) stream.resume();
    else onCallBack(stream);
  });
  const stream = await session.open().catch(() => undefined);
  if (stream === undefined) return wireOf(socket);
  stream.on('error', () => {});
  stream.write(GREETING);
  stream.once('data', () => {
    stream.write(SETTINGS_ACK);
    if (!reads) stream.pause();
  });
  return wireOf(stream);
}

function wireOf(
  stream: Pick<Socket, 'destroyed' | 'writable' | 'writableNeedDrain' | 'write'>,
): Wire {
  return {
    get isOpen() {
      return !stream.destroyed && stream.writable;
    },
    get isFull() {
      return stream.writableNeedDrain;
    },
    write: (bytes) => void stream.write(bytes),
  };
}
