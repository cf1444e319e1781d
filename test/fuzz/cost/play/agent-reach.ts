import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { pem } from '../../../fixtures/nest/tls.js';

/** Milliseconds until an agent that was cut is back, at the latest. */
const PATIENCE_MS = 15_000;

/** A port that agents dial; nothing is read of a connection until somebody takes it. */
export class AgentReach {
  readonly #server: Server;
  readonly #ready: Socket[] = [];
  #wake: () => void = () => {};

  private constructor(server: Server, event: string) {
    this.#server = server;
    server.on(event, (socket: Socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // The close says it.
      this.#ready.push(socket);
      this.#wake();
    });
  }

  static async listen(tls: boolean): Promise<AgentReach> {
    const identity = { cert: pem('server'), key: pem('server-key'), ALPNProtocols: ['h2'] };
    const server = tls
      ? createTlsServer({ ...identity, allowHalfOpen: true })
      : createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AgentReach(server, tls ? 'secureConnection' : 'connection');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection of the agent. @throws Error if none comes in time. */
  async take(): Promise<Socket> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const socket = this.#ready.shift();
      if (socket !== undefined && !socket.destroyed) return socket;
      if (socket !== undefined) continue;
      const left = until - performance.now();
      if (left <= 0) throw new Error('the agent does not connect again');
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  /** Cuts connections that nobody has taken. */
  forget(): void {
    for (const socket of this.#ready.splice(0)) socket.destroy();
  }

  close(): void {
    this.forget();
    this.#server.close();
  }
}
