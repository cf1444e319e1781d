import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { closeAll } from './close-all.js';

/** Listening sockets that belong together, and the connections they accepted. */
export class ListenerGroup {
  readonly #create: () => Server;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** @param create - makes one server, not yet listening. */
  constructor(create: () => Server) {
    this.#create = create;
  }

  /** Where the first server listens; null while none does. A path is given as a string. */
  get address(): AddressInfo | string | null {
    return this.#servers[0]?.address() ?? null;
  }

  /**
   * Listens on all of `addresses`. Port 0 is chosen once, for all of them.
   *
   * @throws the error of the first that fails; those before it go on listening.
   */
  async listen(addresses: ListenOptions[], onError: (error: Error) => void): Promise<void> {
    for (const address of addresses) {
      const chosen = this.address;
      const port = typeof chosen === 'object' && chosen !== null ? chosen.port : address.port;
      await this.#listenOn({ ...address, ...(port !== undefined && { port }) }, onError);
    }
  }

  /** Accepts no more connections. Idempotent. */
  stopAccepting(): void {
    for (const server of this.#servers) server.close();
  }

  /** Waits until all connections have closed, and closes those that have not within `graceMs`. */
  closeConnections(graceMs: number): Promise<void> {
    return closeAll(this.#sockets, graceMs);
  }

  async #listenOn(options: ListenOptions, onError: (error: Error) => void): Promise<void> {
    const server = this.#create();
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', onError);
    this.#servers.push(server);
  }
}
