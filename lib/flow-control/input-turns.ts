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
 * of the event loop. What is dear to read in relation to its bytes then delays nobody else: the socket is
 * paused, and the rest follows turn by turn. Everything is told in the order in which it came.
 */
export class InputTurns {
  readonly #socket: Duplex;
  readonly #reader: InputReader;
  readonly #time = new ReadingTime();
  /** The events of a socket come in the context of whoever made it. */
  readonly #scope = createRootScope();
  /** Chunks that wait; of the first, the bytes from `#start` on. */
  readonly #chunks: Buffer[] = [];
  #start = 0;
  /** What is to be told behind them. */
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
    this.#chunks.push(chunk);
    // One that comes from within a reader, by a stream that is synchronous, waits its turn.
    if (this.#state === 'idle') this.#read();
  }

  #tell(end: () => void): void {
    if (this.#state === 'idle') end();
    else this.#ends.push(end);
  }

  #read(): void {
    this.#state = 'reading';
    const isComplete = this.#readChunks();
    if (!isComplete) {
      this.#state = 'waiting';
      this.#socket.pause();
      setImmediate(this.#onNextTurn);
      return;
    }
    this.#state = 'idle';
    if (this.#ends.length === 0) return;
    for (const end of this.#ends.splice(0)) end();
  }

  /** Returns whether all of them are read. */
  #readChunks(): boolean {
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!;
      this.#start = this.#reader.read(chunk, this.#start, this.#time);
      if (this.#start < chunk.length) return false;
      this.#chunks.shift();
      this.#start = 0;
    }
    return true;
  }

  readonly #onNextTurn = (): void => {
    this.#scope.runInAsyncScope(this.#readOn, this);
  };

  #readOn(): void {
    this.#read();
    if (this.#state === 'idle' && !this.#isPaused) this.#socket.resume();
  }
}
