import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Way } from './hindrance.js';

/** How a link is slow. */
export interface Slowness {
  /** Which way; the other one is fast. */
  way: Way;
  bytesPerSecond: number;
  /**
   * How much the link holds of what is on its way: `small`, a few hundred KiB, so that the sender soon
   * has to wait; `endless`, all of it, so that whatever comes later waits behind it.
   */
  buffers: 'small' | 'endless';
}

/** Milliseconds between two pieces. */
const TICK_MS = 20;

let links = 0;

/**
 * A link whose bytes come in a steady trickle, in front of a port. It is dialed through a Unix socket,
 * because buffers of the system do not grow there.
 */
export class SlowLink {
  /** To dial it. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, slowness: Slowness) {
    links += 1;
    this.url = `unix:${join(tmpdir(), `slow-link-${process.pid}-${links}.sock`)}`;
    this.#server = createServer({ highWaterMark: 16 * 1024 }, (dialing) => {
      const listening = connect({ port, host: '127.0.0.1', noDelay: true });
      this.#join(dialing, listening, slowness);
    });
  }

  static async start(port: number, slowness: Slowness): Promise<SlowLink> {
    const link = new SlowLink(port, slowness);
    link.#server.listen(link.url.slice('unix:'.length));
    await once(link.#server, 'listening');
    return link;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(dialing: Socket, listening: Socket, slowness: Slowness): void {
    const [from, to] = slowness.way === 'up' ? [dialing, listening] : [listening, dialing];
    to.pipe(from);
    const stop = slowly(from, to, slowness);
    const end = (): void => {
      stop();
      dialing.destroy();
      listening.destroy();
    };
    for (const socket of [dialing, listening]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
  }
}

/** Hands on what comes at the rate of the link. Returns a function that stops it. */
function slowly(from: Socket, to: Socket, { bytesPerSecond, buffers }: Slowness): () => void {
  const perTick = Math.ceil((bytesPerSecond * TICK_MS) / 1000);
  let held = Buffer.alloc(0);
  if (buffers === 'small') from.on('readable', () => {});
  else from.on('data', (chunk: Buffer) => (held = Buffer.concat([held, chunk])));
  const next = (): Buffer | null => {
    if (buffers === 'small') {
      return from.read(Math.min(perTick, from.readableLength)) as Buffer | null;
    }
    const piece = held.subarray(0, perTick);
    held = held.subarray(perTick);
    return piece;
  };
  const timer = setInterval(() => {
    const piece = next();
    if (piece !== null && piece.length > 0) to.write(piece);
  }, TICK_MS);
  return () => clearInterval(timer);
}
