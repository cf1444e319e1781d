import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { D, SYN, W } from '../../fixtures/yamux-frames.js';
import { GREETING, MAGIC, SETTINGS_ACK } from './frames.js';
import { sessionOf } from './hostile-hub.js';
import type { Target } from './target.js';

/** What an attack writes to, for as long as the other end puts up with it. */
export interface Wire {
  readonly isOpen: boolean;
  /** Whether the other end takes no more for now. */
  readonly isFull: boolean;
  write(bytes: Buffer): void;
  /** The other end has cut it: counts it as such. */
  giveUp(): void;
}

/** A bare connection that begins with `start`; whether it reads what comes is for the attack to say. */
export async function bareWire(target: Target, start: Buffer, reads = true): Promise<Wire> {
  const socket = await target.connect();
  if (reads) socket.resume();
  if (start.length > 0) socket.write(start);
  return wireOf(socket, () => target.cutOff(socket));
}

/** A multiplexed connection, spoken to frame by frame of yamux: its first stream is greeted in HTTP/2. */
export function yamuxWire(target: Target, reads = true): Promise<Wire> {
  return bareWire(target, Buffer.concat([MAGIC, W(SYN, 1, 0), D(0, 1, GREETING)]), reads);
}

/** A plain connection of HTTP/2, without the magic. */
export function plainWire(target: Target): Promise<Wire> {
  return bareWire(target, Buffer.concat([GREETING, SETTINGS_ACK]));
}

/** A backchannel to a dialing side that has connected to a `HostileHub`. */
export async function backchannelWire(target: Target): Promise<Wire> {
  const socket = await target.connect();
  return openBackchannel(socket, () => target.cutOff(socket));
}

/** One more backchannel on the same connection. */
export async function openBackchannel(socket: Socket, giveUp: () => void): Promise<Wire> {
  if (socket.destroyed) return wireOf(socket, giveUp);
  const stream = await sessionOf(socket)
    .open()
    .catch(() => undefined);
  if (stream === undefined) return wireOf(socket, giveUp);
  stream.on('error', () => {}); // The other end cut it.
  stream.resume();
  stream.write(Buffer.concat([GREETING, SETTINGS_ACK]));
  return wireOf(stream, giveUp);
}

/** How an `Http2Wire` behaves. */
export interface Http2Conduct {
  /** Whether it goes on reading behind the greeting. Default true. */
  reads?: boolean;
  /** Gets the streams that the other end opens to call back. Default: they are read, and not answered. */
  onCallBack?: (stream: Duplex) => void;
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
  const giveUp = (): void => target.cutOff(socket);
  if (stream === undefined) return wireOf(socket, giveUp);
  stream.on('error', () => {});
  stream.write(GREETING);
  stream.once('data', () => {
    stream.write(SETTINGS_ACK);
    if (!reads) stream.pause();
  });
  return wireOf(stream, giveUp);
}

function wireOf(
  stream: Pick<Socket, 'destroyed' | 'writable' | 'writableNeedDrain' | 'readableEnded' | 'write'>,
  giveUp: () => void,
): Wire {
  return {
    get isOpen() {
      return !stream.destroyed && stream.writable && !stream.readableEnded;
    },
    get isFull() {
      return stream.writableNeedDrain;
    },
    write: (bytes) => void stream.write(bytes),
    giveUp,
  };
}
