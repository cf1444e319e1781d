import type { Socket } from 'node:net';
import { Random } from '../soak/random.js';
import type { Hindrance, Line, Way } from './hindrance.js';
import { Pipe } from './pipe.js';

/** What is to happen to a connection; nothing on a way that is not named. */
export type Plan = Partial<Record<Way, readonly Hindrance[]>>;

/** `end`: a FIN, behind all that was handed on. `destroy`: as a process that ends. `reset`: an RST. */
export type Cut = 'end' | 'destroy' | 'reset';

export const cuts: readonly Cut[] = ['end', 'destroy', 'reset'];

/** The two sockets of a proxied connection, and what can happen between them. */
export class FaultyConnection implements Record<Way, Pipe> {
  readonly up: Pipe;
  readonly down: Pipe;
  /** Resolves when both sockets are closed. */
  readonly over: Promise<unknown>;
  readonly #dialing: Socket;
  readonly #listening: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isOver = false;

  /**
   * @param dialing - the socket to the dialing side.
   * @param listening - the socket to the listening side; may still be connecting.
   */
  constructor(dialing: Socket, listening: Socket, plan: Plan, seed: number) {
    this.#dialing = dialing;
    this.#listening = listening;
    this.over = Promise.all([closed(dialing), closed(listening)]).then(() => this.#stop());
    this.up = new Pipe(dialing, listening, plan.up ?? [], this.#line(seed * 2));
    this.down = new Pipe(listening, dialing, plan.down ?? [], this.#line(seed * 2 + 1));
    this.#passFailure(dialing, this.up, listening);
    this.#passFailure(listening, this.down, dialing);
  }

  /** The port of the dialing side, as the listening side sees it. */
  get port(): number | undefined {
    return this.#listening.localPort;
  }

  /** Both ends are told; what was handed on before, they get. Nothing passes any more. */
  cut(how: Cut): void {
    this.cutOff('dialing', how);
    this.cutOff('listening', how);
  }

  /** Only one end is told: to the other one the connection is silent from now on. */
  cutOff(side: 'dialing' | 'listening', how: Cut): void {
    if (!this.up.isClosed || !this.down.isClosed) this.silence();
    const socket = side === 'dialing' ? this.#dialing : this.#listening;
    if (how === 'end') return void socket.resume().end();
    const cut = (): unknown => (how === 'reset' ? socket.resetAndDestroy() : socket.destroy());
    if (socket.writableLength === 0 && !socket.connecting) cut();
    else socket.write('', cut);
  }

  /** Nothing passes any more, not even an end, and nobody is told: on both ways, or on one. */
  silence(way?: Way): void {
    if (way !== 'down') this.up.close();
    if (way !== 'up') this.down.close();
    if (way === undefined) for (const socket of [this.#dialing, this.#listening]) socket.pause();
  }

  /** For so many milliseconds nothing passes; then all goes on. */
  stall(ms: number): void {
    this.up.hold();
    this.down.hold();
    this.#after(ms, () => {
      this.up.release();
      this.down.release();
    });
  }

  /** Ends both sockets, whatever there was; for the end of a test. */
  destroy(): void {
    this.#dialing.destroy();
    this.#listening.destroy();
  }

  #line(seed: number): Line {
    return {
      random: new Random(seed),
      connection: this,
      after: (ms, action) => this.#after(ms, action),
      nextTurn: (action) => {
        setImmediate(() => this.#isOver || action());
      },
    };
  }

  #after(ms: number, action: () => void): void {
    if (this.#isOver) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  /** A reset is passed on as such. */
  #passFailure(from: Socket, pipe: Pipe, to: Socket): void {
    from.on('error', () => {
      if (!pipe.isClosed) to.resetAndDestroy();
    });
  }

  #stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}
