import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The two sockets of one connection that passes through. */
interface Passage {
  near: Socket;
  far: Socket;
  isSilent: boolean;
}

/**
 * Hands on what it gets, both ways, until a connection is to fall silent: then nothing gets through any
 * more, not even the end of it, as when a NAT has forgotten the connection or a machine has vanished.
 */
export class SilentLink {
  readonly #server: Server;
  /** By the port that the near end dialed from. */
  readonly #passages = new Map<number, Passage>();

  constructor(target: string) {
    const [host, port] = target.split(':');
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: Number(port), host: host!, allowHalfOpen: true });
      const passage: Passage = { near, far, isSilent: false };
      const name = near.remotePort!;
      this.#passages.set(name, passage);
      handOn(passage, near, far);
      handOn(passage, far, near);
      near.on('close', () => this.#passages.delete(name));
    });
  }

  /** Gives `host:port`. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The connection that was dialed from `port`: neither end hears of the other any more. */
  silence(port: number): void {
    const passage = this.#passages.get(port);
    if (passage !== undefined) passage.isSilent = true;
  }

  /** The same, but the far end is told that the connection has ended; the near one is not. */
  loseFarEnd(port: number): void {
    this.silence(port);
    const passage = this.#passages.get(port);
    if (passage !== undefined) reset(passage.far);
  }

  /** Accepts no more connections; those there are go on. */
  close(): void {
    this.#server.close();
  }
}

function handOn(passage: Passage, from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes: Buffer) => {
    if (passage.isSilent || to.destroyed || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  // In order, so that what was said last arrives.
  from.on('end', () => (passage.isSilent ? from.end() : to.end()));
  from.on('error', () => {
    if (!passage.isSilent) reset(to);
  });
  to.on('close', () => from.resume()); // It may wait for room that there will never be.
}

/** Node keeps the handle of a socket for ever that is reset when it has been ended already. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
