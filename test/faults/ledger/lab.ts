import { setImmediate as nextTurn } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import type {
  EngineName,
  ListenMuxServerOptions,
  Peer,
  PeerEvent,
  StubFactory,
  YamuxConfig,
} from 'nestjs-backchannel';
import { dial, listen, type Dialer, type Listener } from '../../fixtures/nest/apps.js';
import { SessionLog } from '../../fixtures/nest/session-log.js';
import { FaultProxy } from '../index.js';
import { LedgerController } from './ledger.controller.js';
import { ledgerServices, type Ledger } from './ledger.js';

/** Forward: the dialing side calls. Backchannel: the listening side does. */
export type Direction = 'forward' | 'backchannel';

export const directions: readonly Direction[] = ['forward', 'backchannel'];

export interface LabOptions {
  /** Of what is random. Default 1. */
  seed?: number;
  /** Of both sides. */
  engine?: EngineName;
  yamux?: Partial<YamuxConfig>;
  keepalive?: ListenMuxServerOptions['keepalive'];
  /** Of both sides. */
  drainMs?: number;
  /** Whether the dialing side connects only when it is told to, or a call needs it. */
  lazy?: boolean;
}

/** Milliseconds that anything may take that follows a fault. It takes a few; much is granted to a busy machine. */
const BOUND_MS = 30_000;

const parts = { controllers: [LedgerController] };

/** Soon again: what is waited for here is the fault, not the pause after it. */
const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 50,
};

/** Two applications that serve `Ledger`, with a bad network between them. */
export class Lab {
  /** Sessions of both sides. */
  readonly sessions: SessionLog;
  #proxy!: FaultProxy;
  #listener!: Listener;
  #dialer!: Dialer;

  private constructor({ yamux }: LabOptions) {
    this.sessions = new SessionLog(yamux);
  }

  /** Resolves when both sides run; connected they are not yet. */
  static async start(options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    const { seed, lazy, drainMs, engine, keepalive } = options;
    const common = {
      ...ledgerServices,
      sessionFactory: lab.sessions.factory,
      ...(engine !== undefined && { engine }),
      ...(keepalive !== undefined && { keepalive }),
      ...(drainMs !== undefined && { drainMs }),
    };
    lab.#listener = await listen(common, parts);
    lab.#proxy = await FaultProxy.start(lab.#listener.port, seed);
    lab.#dialer = await dial(
      { ...common, url: lab.#proxy.url, channelOptions, ...(lazy !== undefined && { lazy }) },
      parts,
    );
    return lab;
  }

  get proxy(): FaultProxy {
    return this.#proxy;
  }

  get registry(): Listener['registry'] {
    return this.#listener.registry;
  }

  get client(): Dialer['client'] {
    return this.#dialer.client;
  }

  /** Connects, unless it is; gives the peer that it is then. */
  async connect(): Promise<Peer> {
    await this.client.connect(BOUND_MS);
    // One that was cut as it was made may become a peer for a moment after this one.
    const { port } = [...this.#proxy.connections].at(-1)!;
    return this.registry.waitFor(({ remotePort }) => remotePort === port, { deadlineMs: BOUND_MS });
  }

  /** To call with, in a direction. */
  stubs(direction: Direction, peer?: Peer): StubFactory {
    return direction === 'forward' ? this.client : (peer ?? this.newest).backchannel;
  }

  /** What serves the calls of a direction. */
  callee(direction: Direction): LedgerController {
    const { app } = direction === 'forward' ? this.#listener : this.#dialer;
    return app.get(LedgerController);
  }

  get newest(): Peer {
    return [...this.registry].at(-1)!;
  }

  /** Tells of peers from now on. @returns what stops that. */
  onPeer(listener: (event: PeerEvent) => void): () => void {
    const subscription = this.registry.peers$.subscribe(listener);
    return () => subscription.unsubscribe();
  }

  /**
   * Ends all connections, and resolves when neither side has anything left of them: no registry entry,
   * no session, no stream. The dialing side has to be lazy.
   */
  cleared(): Promise<void> {
    const state = () => ({
      peers: this.registry.size,
      sessions: this.sessions.open,
      streams: this.sessions.streams,
      connection: this.client.connection.state,
    });
    return until(() => {
      for (const connection of this.#proxy.connections) connection.destroy();
      const { connection, ...left } = state();
      const isOff = connection === 'idle' || connection === 'failed';
      return isOff && Object.values(left).every((count) => count === 0);
    }, state);
  }

  /** Connects, and makes a call in each direction. Resolves with what went wrong, if anything did. */
  async problem(): Promise<string | undefined> {
    try {
      await this.#work();
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  async close(): Promise<void> {
    await this.#proxy.drop();
    await Promise.all([this.#dialer.app.close(), this.#listener.app.close()]);
    await this.#proxy.close();
  }

  async #work(): Promise<void> {
    const peer = await this.connect();
    const calls = directions.map((direction) =>
      firstValueFrom(
        this.stubs(direction, peer)
          .getService<Ledger>('Ledger')
          .unary({ number: 1 }, new Metadata()),
      ),
    );
    await Promise.all(calls);
  }
}

/** Waits for `condition`, but not for ever. */
export async function until(condition: () => boolean, state: () => unknown): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`not settled within ${BOUND_MS} ms: ${JSON.stringify(state())}`);
    }
    await nextTurn();
  }
}
