import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SessionFactory } from '../../../../lib/index.js';
import type { MultiplexSession } from '../../../../lib/core.js';
import type { PumpDone } from '../../protocol.js';
import type { PumpingEnd } from '../end.js';
import { pump, receive } from '../pumping.js';

/** Receives bytes: on streams of sessions or, without a factory, on sockets as they are. */
export class ReceivingEnd implements PumpingEnd {
  readonly #createSession: SessionFactory | undefined;

  constructor(createSession?: SessionFactory) {
    this.#createSession = createSession;
  }

  async listen(): Promise<string> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (this.#createSession) this.#createSession(socket, 'server').onStream(receive);
      else receive(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  connect(): Promise<void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  pump(): Promise<PumpDone> {
    return Promise.reject(new Error('it is the other side that sends'));
  }
}

/** Sends bytes likewise. */
export class SendingEnd implements PumpingEnd {
  readonly #createSession: SessionFactory | undefined;
  #address = '';
  #session: MultiplexSession | undefined;

  constructor(createSession?: SessionFactory) {
    this.#createSession = createSession;
  }

  listen(): Promise<string> {
    return Promise.reject(new Error('it is the other side that listens'));
  }

  async connect(address: string): Promise<void> {
    this.#address = address;
    this.#session = this.#createSession?.(await this.#dial(), 'client');
  }

  async disconnect(): Promise<void> {
    await this.#session?.close();
  }

  async pump({
    streams,
    size,
    ms,
  }: {
    streams: number;
    size: number;
    ms: number;
  }): Promise<PumpDone> {
    // All that share a connection have to share the socket too: without streams there is but one.
    const count = this.#session ? streams : 1;
    const open = (): Promise<Duplex> => this.#session?.open() ?? this.#dial();
    return pump(await Promise.all(Array.from({ length: count }, open)), size, ms);
  }

  async #dial(): Promise<Socket> {
    const [host, port] = this.#address.split(':');
    const socket = connect({ port: Number(port), host: host!, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return socket;
  }
}
