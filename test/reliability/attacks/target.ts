import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TICK_MS = 10;

/** Attackers come from elsewhere than bystanders, as limits may be for each address. */
const FROM = process.platform === 'linux' ? { localAddress: '127.0.0.66' } : {};

/** What an attack has done. */
export interface Tally {
  times: number;
  connections: number;
  /** How many of them the other end has cut. */
  cut: number;
  /** Microseconds of processor time. */
  cpu: number;
}

/** The port under attack, for as long as the attack is to last. */
export class Target {
  readonly #port: number;
  readonly #endsAt: number;
  readonly #sockets = new Set<Socket>();
  readonly #cpuBefore = process.cpuUsage();
  #times = 0;
  #connections = 0;
  #cut = 0;

  constructor(port: number, ms: number) {
    this.#port = port;
    this.#endsAt = performance.now() + ms;
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAt;
  }

  count(times: number): void {
    this.#times += times;
  }

  /** Connects; what comes is not read before somebody does. Resolves when it is connected, or has failed. */
  connect(): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, ...FROM });
    this.#sockets.add(socket);
    this.#connections += 1;
    socket.on('error', () => {}); // The close says it.
    socket.once('close', () => {
      if (this.#sockets.delete(socket)) this.#cut += 1;
    });
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(socket));
      socket.once('close', () => resolve(socket));
    });
  }

  /** This side hangs up. */
  drop(socket: Socket, how: 'end' | 'destroy' | 'resetAndDestroy'): void {
    this.#sockets.delete(socket);
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
      const due = Math.min(Math.floor(rest), perSecond / 4);
      rest -= Math.floor(rest);
      if (due >= 1) this.#times += await act(Math.floor(due));
    }
  }

  /** Cuts all connections. */
  leave(): Tally {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    for (const socket of this.#sockets) this.drop(socket, 'destroy');
    return {
      times: this.#times,
      connections: this.#connections,
      cut: this.#cut,
      cpu: user + system,
    };
  }
}
