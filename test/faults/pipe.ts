import type { Socket } from 'node:net';
import type { Hindrance, Line, Sink } from './hindrance.js';

/** Bytes on their way that one way holds at most; a sender waits then. */
const CAPACITY = 16 * 1024 * 1024;

/** One way of a faulty connection: reads one socket, writes the other, with hindrances in between. */
export class Pipe {
  /** Bytes that were handed on. */
  passed = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #first: Sink;
  #inside = 0;
  /** `held`: nothing comes or goes for now. `closed`: nothing ever will. */
  #state: 'open' | 'held' | 'closed' = 'open';
  readonly #held: (Buffer | null)[] = [];

  constructor(from: Socket, to: Socket, hindrances: readonly Hindrance[], line: Line) {
    this.#from = from;
    this.#to = to;
    this.#first = hindrances.reduceRight<Sink>(
      (next, hindrance) => hindrance.before(next, line),
      (piece) => this.#leave(piece),
    );
    from.on('data', (chunk: Buffer) => this.#enter(chunk));
    from.on('end', () => this.#enter(null));
  }

  /** Nothing is read or written until `release()`. */
  hold(): void {
    if (this.#state !== 'open') return;
    this.#state = 'held';
    this.#from.pause();
  }

  release(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    for (const piece of this.#held.splice(0)) this.#leave(piece);
    this.#readOn();
  }

  /** From now on whatever comes vanishes. */
  close(): void {
    this.#state = 'closed';
    this.#held.length = 0;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  #enter(chunk: Buffer | null): void {
    if (this.#state === 'closed') return;
    this.#inside += chunk?.length ?? 0;
    if (this.#inside >= CAPACITY) this.#from.pause();
    this.#first(chunk);
  }

  #leave(piece: Buffer | null): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'held') return void this.#held.push(piece);
    if (piece === null) return void this.#to.end();
    this.passed += piece.length;
    this.#to.write(piece, () => {
      this.#inside -= piece.length;
      this.#readOn();
    });
  }

  #readOn(): void {
    if (this.#state === 'open' && this.#inside < CAPACITY) this.#from.resume();
  }
}
