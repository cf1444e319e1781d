import type { Duplex } from 'node:stream';
import { createRootScope } from '../context/index.js';
import { ReadingTime } from './reading-time.js';

/** Reads what comes on a socket, and is told how that ends. */
export interface InputReader {
  /**
   * Reads `chunk` from `start` on, up to its end or until `time` is up.
   *
   * @returns how far it came.
   */
  read(chunk: Buffer, start: number, time: ReadingTime): number;
  /** The other end sends no more. */
  onEnd(): void;
  onError(error: Error): void;
  /** The socket is closed. */
  onClose(): void;
}

/**
 * When a connection reads: as soon as something comes, but for no more than some milliseconds in one turn
 * of the event loop. Then the socket is paused, and the rest follows turn by turn, so that input which is
 * expensive for its bytes does not delay other connections. The order of events is kept.
 */
export class InputTurns {
  readonly #socket: Duplex;
  readonly #reader: InputReader;
  readonly #time = new ReadingTime();
  /** The events of a socket come in the context of whoever made it. */
  readonly #scope = createRootScope();
  /** The chunk that is being read between two turns, and how far it is. */
  #current: Buffer | undefined;
  #at = 0;
  /** Chunks behind it. */
  readonly #chunks: Buffer[] = [];
  /** The end, error and close that came behind these chunks, to be told after them. */
  readonly #ends: (() => void)[] = [];
  /** `reading`: a chunk is. `waiting`: for the next turn, with the socket paused. */
  #state: 'idle' | 'reading' | 'waiting' = 'idle';
  /** By `pause()`. */
  #isPaused = false;

  /** Reads `socket` from now on. */
  static begin(socket: Duplex, reader: InputReader): InputTurns {
    return new InputTurns(socket, reader);
  }

  private constructor(socket: Duplex, reader: InputReader) {
    this.#socket = socket;
    this.#reader = reader;
    const scope = this.#scope;
    socket.on('data', (chunk: Buffer) => scope.runInAsyncScope(this.#take, this, chunk));
    socket.on('end', () => this.#tell(() => reader.onEnd()));
    socket.on('error', (error) => this.#tell(() => reader.onError(error)));
    socket.on('close', () => this.#tell(() => reader.onClose()));
    if (socket.destroyed) process.nextTick(() => this.#tell(() => reader.onClose()));
  }

  /** Reads nothing more that is still in the socket. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#isPaused = false;
    if (this.#state !== 'waiting') this.#socket.resume();
  }

  #take(chunk: Buffer): void {
    // One that comes from within a reader, by a stream that is synchronous, waits its turn.
    if (this.#state === 'idle') this.#read(chunk, 0);
    else this.#chunks.push(chunk);
  }

  #tell(end: () => void): void {
    if (this.#state === 'idle') end();
    else this.#ends.push(end);
  }

  /** Reads `chunk` from `start` on, and what came meanwhile; then tells how it ended. */
  #read(chunk: Buffer, start: number): void {
    this.#state = 'reading';
    let current: Buffer | undefined = chunk;
    for (let at = start; current !== undefined; at = 0) {
      at = this.#reader.read(current, at, this.#time);
      if (at < current.length) return this.#wait(current, at);
      current = this.#chunks.length > 0 ? this.#chunks.shift() : undefined;
    }
    this.#state = 'idle';
    if (this.#ends.length === 0) return;
    for (const end of this.#ends.splice(0)) end();
  }

  #wait(current: Buffer, at: number): void {
    this.#state = 'waiting';
    this.#current = current;
    this.#at = at;
    this.#socket.pause();
    setImmediate(this.#onNextTurn);
  }

  readonly #onNextTurn = (): void => {
    this.#scope.runInAsyncScope(this.#readOn, this);
  };

  #readOn(): void {
    const current = this.#current!;
    this.#current = undefined;
    this.#read(current, this.#at);
    if (this.#state === 'idle' && !this.#isPaused) this.#socket.resume();
  }
}
