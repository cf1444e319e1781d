import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, status } from '@grpc/grpc-js';
// By the entry points of the layers: the package's own would load Nest too.
import { ClientHandshaker, yamuxSessionFactory } from '../../../lib/backchannel/index.js';
import { engineOf, type StreamServer } from '../../../lib/grpc/index.js';
import type { Random } from '../random.js';
import type { CallBook } from './call-book.js';
import { Host, Soak, type HostClient, type SoakClient, type Task } from './protos.js';
import { soakService } from './soak-service.js';
import { unary } from './unary.js';

/** Milliseconds into a call until its connection is cut. */
const LATEST_CUT_MS = 4;

/** A connection ends by this end or the other, in order or in the middle of calls in both directions. */
const ENDINGS = ['closed here', 'closed there', 'cut here', 'cut there'] as const;

interface Stubs {
  soak: SoakClient;
  host: HostClient;
  socket: Duplex;
  close(): void;
}

/** Opens connections that share one handshaker, as the package's users do. */
export class Dialer {
  readonly #book: CallBook;
  readonly #handshaker: ClientHandshaker;
  /** Of the connection that is being opened. */
  #socket: Duplex | undefined;

  constructor(book: CallBook) {
    this.#book = book;
    const createSession = yamuxSessionFactory();
    this.#handshaker = new ClientHandshaker(() => this.#createServer(), {
      sessionFactory: (socket, role) => {
        this.#socket = socket;
        return createSession(socket, role);
      },
    });
  }

  /** A connection to stay; called back already. */
  async open(address: string): Promise<Stubs> {
    const insecure = credentials.createInsecure();
    const channel = this.#handshaker.createChannel(address, insecure);
    const options = { channelOverride: channel };
    const soak = new Soak(address, insecure, options);
    const host = new Host(address, insecure, options);
    const task: Task = { data: Buffer.from('hello'), action: 'ANSWER' };
    await unary(this.#book, 'first call', [status.OK], (done) => soak.Unary(task, {}, done));
    await unary(this.#book, 'call back', [status.OK], (done) => host.CallBack(task, {}, done));
    const socket = this.#socket!;
    this.#socket = undefined;
    return { soak, host, socket, close: () => channel.close() };
  }

  /** The whole life of one connection. */
  async live(address: string, random: Random): Promise<void> {
    const stubs = await this.open(address);
    const cutAfterMs = random.between(0, LATEST_CUT_MS);
    const held: Task = { data: Buffer.alloc(0), action: 'HOLD', cutAfterMs };
    switch (random.pick(ENDINGS)) {
      case 'closed here':
        break;
      case 'closed there':
        await this.#call(status.OK, 'HangUp', stubs, { ...held, action: 'ANSWER' });
        break;
      case 'cut here':
        await Promise.all([
          this.#call(status.UNAVAILABLE, 'CallBack', stubs, held),
          sleep(cutAfterMs).then(() => stubs.socket.destroy()),
        ]);
        break;
      case 'cut there':
        await this.#call(status.UNAVAILABLE, 'Cut', stubs, held);
        break;
    }
    stubs.close();
  }

  #call(
    expected: status,
    method: 'CallBack' | 'Cut' | 'HangUp',
    { host }: Stubs,
    task: Task,
  ): Promise<void> {
    return unary(this.#book, `${method}, ${task.action}`, [expected], (done) =>
      host[method](task, {}, done),
    );
  }

  #createServer(): StreamServer {
    const server = engineOf().createServer();
    server.addService(Soak.service, soakService(this.#book));
    return server;
  }
}
