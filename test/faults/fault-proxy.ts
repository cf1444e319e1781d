import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultyConnection, type Plan } from './faulty-connection.js';

/**
 * A TCP proxy with a bad network inside. What happens to a connection is said beforehand, by a `Plan`,
 * or while it lasts, by the methods of `FaultyConnection`. What is random follows from the seed.
 */
export class FaultProxy {
  /** What happens to connections that come from now on. Default: nothing. */
  plan: Plan = {};
  /** Connections that there ever were. */
  total = 0;
  /** Connections that are not over. */
  readonly connections = new Set<FaultyConnection>();
  readonly #server: Server;
  readonly #port: number;
  readonly #seed: number;
  #onConnection: ((connection: FaultyConnection) => void)[] = [];

  private constructor(port: number, seed: number) {
    this.#port = port;
    this.#seed = seed;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Starts one in front of a port of 127.0.0.1. */
  static async start(port: number, seed = 1): Promise<FaultProxy> {
    const proxy = new FaultProxy(port, seed);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** To dial it. */
  get url(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next connection that comes. */
  next(): Promise<FaultyConnection> {
    return new Promise((resolve) => this.#onConnection.push(resolve));
  }

  /** Ends all connections that there are, also silent ones. Resolves when their sockets are closed. */
  async drop(): Promise<void> {
    const connections = [...this.connections];
    for (const connection of connections) connection.destroy();
    await Promise.all(connections.map(({ over }) => over));
  }

  async close(): Promise<void> {
    this.#server.close();
    await this.drop();
  }

  #accept(dialing: Socket): void {
    this.total += 1;
    const listening = connect({
      port: this.#port,
      host: '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    });
    const seed = this.#seed + this.total;
    const connection = new FaultyConnection(dialing, listening, this.plan, seed);
    this.connections.add(connection);
    void connection.over.then(() => this.connections.delete(connection));
    for (const tell of this.#onConnection.splice(0)) tell(connection);
  }
}
