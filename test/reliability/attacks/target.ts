import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TICK_MS = 10;

/** Attackers come from elsewhere than bystanders, as limits may be for each address. */
export const FROM_ADDRESS = process.platform === 'linux' ? '127.0.0.66' : '127.0.0.1';

/**
 * Resolves with a connection to attack: one that is established, or that has failed.
 *
 * @param ms - how long the attack still lasts.
 */
export type Way = (ms: number) => Promise<Socket>;

/** Connects to a port of loopback. */
export function wayTo(port: number): Way {
  return () => {
    const localAddress = FROM_ADDRESS;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, localAddress });
    socket.on('error', () => {}); // The close says it.
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(socket));
      socket.once('close', () => resolve(socket));
    });
  };
}

/** What an attack has done. */
export interface Tally {
  times: number;
  connections: number;
  /** How many of them the other end has cut. */
  cut: number;
  /** When the last of them was, in milliseconds since 1970. */
  lastCutAt: number | undefined;
  /** Bytes of all of them. */
  sent: number;
  received: number;
  /** Microseconds of processor time. */
  cpu: number;
}

/** The process under attack, for as long as the attack is to last. */
export class Target {
  readonly #way: Way;
  #endsAt: number;
  readonly #sockets = new Set<Socket>();
  /** Cut off, but not closed yet. */
  readonly #over = new Set<Socket>();
  /** Resolves when the attack is over. */
  readonly over: Promise<void>;
  #isNowOver: () => void = () => {};
  readonly #cpuBefore = process.cpuUsage();
  #times = 0;
  #connections = 0;
  #cut = 0;
  #lastCutAt: number | undefined;
  #sent = 0;
  #received = 0;

  /** @param ms - how long the attack is to last, from now on. */
  constructor(way: Way, ms: number) {
    this.#way = way;
    this.#endsAt = performance.now() + ms;
    this.over = new Promise((resolve) => {
      this.#isNowOver = resolve;
      setTimeout(resolve, ms);
    });
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAt;
  }

  /** Connections that neither end has closed, nor cut off. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Connects; what comes is not read before somebody does. Resolves when it is connected, or has failed. */
  async connect(): Promise<Socket> {
    const socket = await this.#way(this.#endsAt - performance.now());
    if (this.isOver) return socket.destroy();
    this.#connections += 1;
    this.#sockets.add(socket);
    if (socket.destroyed) this.cutOff(socket);
    else socket.once('close', () => this.cutOff(socket));
    return socket;
  }

  /** The other end wants no more of this connection; it may stay open for as long as that lets it. */
  cutOff(socket: Socket): void {
    if (!this.#sockets.delete(socket)) return;
    this.#cut += 1;
    this.#lastCutAt = Date.now();
    this.#count(socket);
    if (!socket.destroyed) this.#over.add(socket);
  }

  /** This side hangs up. */
  drop(socket: Socket, how: 'end' | 'destroy' | 'resetAndDestroy'): void {
    if (this.#sockets.delete(socket)) this.#count(socket);
    socket[how]();
    if (how === 'end') socket.resume();
  }

  /**
   * Calls `act` with how many times are due, so that there are `perSecond` of them, until it is over. How
   * many it says it did is counted; what it did not do is not made up for.
   */
  async pace(perSecond: number, act: (due: number) => number | Promise<number>): Promise<void> {
    let last = performance.now();
    let rest = 0;
    while (!this.isOver) {
      await sleep(TICK_MS);
      const now = performance.now();
      rest += ((now - last) * perSecond) / 1000;
      last = now;
      const due = Math.min(Math.floor(rest), Math.max(1, perSecond / 4));
      rest -= Math.floor(rest);
      if (due >= 1) this.#times += await act(Math.floor(due));
    }
  }

  /** Ends the attack before its time. Returns how many more times there are: none. */
  stop(): 0 {
    this.#endsAt = performance.now();
    this.#isNowOver();
    return 0;
  }

  /** Cuts all connections. */
  leave(): Tally {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    for (const socket of this.#sockets) this.drop(socket, 'destroy');
    for (const socket of this.#over) socket.destroy();
    return {
      times: this.#times,
      connections: this.#connections,
      cut: this.#cut,
      lastCutAt: this.#lastCutAt,
      sent: this.#sent,
      received: this.#received,
      cpu: user + system,
    };
  }

  #count({ bytesWritten, bytesRead }: Socket): void {
    this.#sent += bytesWritten;
    this.#received += bytesRead;
  }
}
