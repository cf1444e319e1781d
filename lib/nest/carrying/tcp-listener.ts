import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { inRootContext } from '../../context/index.js';
import type { CarrierListener } from './carrier.js';

/** A group of listening sockets. */
export class TcpListener implements CarrierListener {
  readonly #create: () => Server;
  readonly #servers: Server[] = [];

  /** @param create - creates one server that does not listen yet. */
  constructor(create: () => Server) {
    this.#create = create;
  }

  /** Address of the first server, as a string if it is a path; null while no server listens. */
  get address(): AddressInfo | string | null {
    return this.#servers[0]?.address() ?? null;
  }

  /**
   * Listens on each of `addresses` that can be bound. A host name may stand for an address that this
   * machine does not have, such as `::1` where IPv6 is off. Port 0 is replaced by one free port for all
   * addresses. Connections are accepted in the root async context.
   *
   * @param onError - called with later errors of the listening sockets.
   * @returns the errors of addresses that could not be bound; each message names its address.
   * @throws Error if no address could be bound: the error of the only address, or one with the code of the
   * first error and the messages of all.
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

  stop(): void {
    for (const server of this.#servers) server.close();
  }

  async #listenOn(options: ListenOptions, onError: (error: Error) => void): Promise<void> {
    const server = this.#create();
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
