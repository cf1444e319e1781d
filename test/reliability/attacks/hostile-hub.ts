import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { frame, TYPE } from '../../fixtures/http2/raw-client.js';
import { MAGIC, SETTINGS_ACK } from './frames.js';
import type { Way } from './target.js';

const ACCEPTANCE = Buffer.concat([frame(TYPE.settings, 0, 0), SETTINGS_ACK]);

const sessions = new WeakMap<Socket, YamuxSession>();

/** The session of a connection that a `HostileHub` has accepted. */
export function sessionOf(socket: Socket): YamuxSession {
  return sessions.get(socket)!;
}

/** A listening side that lets dialing sides connect as any other does, until it attacks them. */
export class HostileHub {
  readonly #server: Server;
  /** Connections that nobody has taken for an attack, oldest first. */
  readonly #ready: Socket[] = [];
  #wake: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => void this.#welcome(socket).catch(() => {})); // It has left.
  }

  /** Listens on a port of loopback. */
  static async listen(): Promise<HostileHub> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileHub(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes connections of dialing sides. If none comes in time, it is one that is closed. */
  readonly way: Way = async (ms) => {
    await this.connected(ms);
    return this.#ready.shift() ?? new Socket().destroy();
  };

  /** Resolves when somebody is connected who can be attacked, or so many milliseconds later. */
  async connected(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.#hasConnection() && performance.now() < until) {
      const arrival = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([arrival, sleep(until - performance.now())]);
    }
  }

  #hasConnection(): boolean {
    while (this.#ready[0]?.destroyed) this.#ready.shift();
    return this.#ready.length > 0;
  }

  async #welcome(socket: Socket): Promise<void> {
    socket.on('error', () => {}); // The close says it.
    let start = Buffer.alloc(0);
    while (start.length < MAGIC.length) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      start = Buffer.concat([start, chunk]);
    }
    socket.pause();
    socket.unshift(start.subarray(MAGIC.length));
    const session = new YamuxSession(socket, 'server');
    session.onStream((stream) => {
      stream.on('error', () => {}); // The other end cut it.
      stream.resume();
      stream.write(ACCEPTANCE);
    });
    sessions.set(socket, session);
    socket.resume();
    this.#ready.push(socket);
    this.#wake();
  }
}
