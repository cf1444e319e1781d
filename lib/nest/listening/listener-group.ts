import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { inRootContext } from '../../context/index.js';
import { closeAll } from '../closing/close-all.js';

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
   * Listens on each of `addresses` that can be bound: a name may stand for one that this machine does
   * not have, such as `::1` where IPv6 is switched off. Port 0 is chosen once, for all of them.
   * Connections are accepted in the root async context.
   *
   * @param onError - told of later errors of the listening sockets.
   * @returns why the others could not be bound; each message names the address.
   * @throws the error of the only address; if there are several, one with the code of the first and the
   *   messages of all. Both only if none could be bound.
   */
  async listen(addresses: ListenOptions[], onError: (error: Error) => void): Promise<Error[]> {
    const failures: NodeJS.ErrnoException[] = [];
    for (const address of addresses) {
      const chosen = this.address;
      const port = typeof chosen === 'object' && chosen !== null ? chosen.port : address.port;
      const options = { ...address, ...(port !== undefined && { port }) };
      await this.#listenOn(options, onError).catch((error: Error) => failures.push(error));
    }
    if (this.#servers.length === 0 && failures.length > 0) throw allOf(failures);
    return failures;
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
      const onListening = (): void => {
        server.off('error', reject);
        resolve();
      };
      inRootContext(() => server.listen(options, onListening));
    });
    server.on('error', onError);
    this.#servers.push(server);
  }
}

function allOf(failures: NodeJS.ErrnoException[]): Error {
  const [first] = failures;
  if (failures.length === 1) return first!;
  const message = failures.map((failure) => failure.message).join('; ');
  return Object.assign(new Error(message, { cause: first }), { code: first!.code });
}
