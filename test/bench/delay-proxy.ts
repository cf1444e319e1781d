import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Bytes on their way that a direction holds at most: far more than any link here has on its way. */
const CAPACITY = 128 * 1024 * 1024;

/** A link between two places. */
export interface Link {
  /** Milliseconds. */
  roundTripMs: number;
  /** Bits per second in either direction, in millions; without, as many as come. */
  megabits?: number;
}

/** Hands on what it gets, both ways, half a round trip later, and no faster than the link is. */
export class DelayProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: string, link: Link) {
    const [host, port] = target.split(':');
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: Number(port), host: host!, allowHalfOpen: true });
      for (const socket of [near, far]) this.#keep(socket);
      delay(near, far, link);
      delay(far, near, link);
    });
  }

  /** Gives `host:port`. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => {}); // The close says it.
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

interface Delayed {
  due: number;
  /** Absent at the end. */
  chunk?: Buffer;
}

function delay(from: Socket, to: Socket, { roundTripMs, megabits = Infinity }: Link): void {
  const bytesPerMs = (megabits * 1e6) / 8 / 1000;
  const queue: Delayed[] = [];
  let bytes = 0;
  let lineIsFreeAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const add = (chunk?: Buffer): void => {
    const size = chunk?.length ?? 0;
    lineIsFreeAt = Math.max(lineIsFreeAt, performance.now()) + size / bytesPerMs;
    queue.push({ due: lineIsFreeAt + roundTripMs / 2, ...(chunk && { chunk }) });
    bytes += size;
    if (bytes >= CAPACITY) from.pause();
    wait();
  };
  const wait = (): void => {
    if (timer !== undefined || queue.length === 0) return;
    timer = setTimeout(deliver, Math.max(1, queue[0]!.due - performance.now()));
  };
  const deliver = (): void => {
    timer = undefined;
    const now = performance.now();
    to.cork();
    while (queue.length > 0 && queue[0]!.due <= now) {
      const { chunk } = queue.shift()!;
      bytes -= chunk?.length ?? 0;
      if (chunk) to.write(chunk);
      else to.end();
    }
    to.uncork();
    if (bytes < CAPACITY) from.resume();
    wait();
  };

  from.on('data', (chunk: Buffer) => add(chunk));
  from.on('end', () => add());
  from.on('error', () => to.destroy());
}
