import type { Duplex } from 'node:stream';
import { createRootScope } from '../context/index.js';
import { InputChunks } from './input-chunks.js';
import { ReadingTime } from './reading-time.js';

/** Reads the input of a socket, and handles its end. */
export interface InputReader {
  /**
   * Reads `chunk` from offset `start`, up to its end or until `time` is up. Must not keep a view of a chunk that
   * `isLent`, unless it calls `InputTurns.keepChunk()`.
   *
   * @returns the offset of the first unread byte.
   */
  read(chunk: Buffer, start: number, time: ReadingTime): number;
  /** The peer sends no more data. */
  onEnd(): void;
  onError(error: Error): void;
  /** The socket is closed. */
  onClose(): void;
}

/**
 * Schedules the reading of a connection. Input is read at once, but only for some milliseconds per turn of
 * the event loop. Then the socket is paused and the rest is read turn by turn, so that input that is slow
 * to process does not delay other connections. The order of events is kept.
 */
export class InputTurns {
  readonly #socket: Duplex;
  readonly #reader: InputReader;
  readonly #input: InputChunks;
  readonly #time = new ReadingTime();
  /** Root scope of the reader. A socket emits its events in any async context, such as its creator's. */
  readonly #scope = createRootScope();
  /** The partly read chunk, between two turns; `#at` is the offset of its first unread byte. */
  #current: Buffer | undefined;
  #at = 0;
  /** Chunks that arrived while an earlier chunk was not completely read. */
  readonly #chunks: Buffer[] = [];
  /** End, error and close events that arrived after these chunks, and are reported after them. */
  readonly #ends: (() => void)[] = [];
  /** `reading`: inside the reader. `waiting`: for the next turn, with the socket paused. */
  #state: 'idle' | 'reading' | 'waiting' = 'idle';
  /** Whether `pause()` was called. */
  #isPaused = false;

  /** Starts reading `socket`. */
  static begin(socket: Duplex, reader: InputReader): InputTurns {
    return new InputTurns(socket, reader);
  }

  private constructor(socket: Duplex, reader: InputReader) {
    this.#socket = socket;
    this.#reader = reader;
    const scope = this.#scope;
    socket.on('data', (chunk: Buffer) => scope.runInAsyncScope(this.#take, this, chunk));
    this.#input = new InputChunks(socket);
    socket.on('end', () => this.#tell(() => reader.onEnd()));
    socket.on('error', (error) => this.#tell(() => reader.onError(error)));
    socket.on('close', () => this.#tell(() => reader.onClose()));
    if (socket.destroyed) process.nextTick(() => this.#tell(() => reader.onClose()));
  }

  /** Must be called by the reader if it keeps a view of the chunk that it reads. */
  keepChunk(): void {
    this.#input.keep();
  }

  /** Pauses the socket. Chunks that have already left it are still read. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Resumes reading after `pause()`. */
  resume(): void {
    this.#isPaused = false;
    if (this.#state !== 'waiting') this.#socket.resume();
  }

  #take(chunk: Buffer): void {
    // A synchronous stream may emit a chunk from inside the reader; that chunk waits for its turn.
    if (this.#state === 'idle') this.#read(chunk, 0);
    else this.#chunks.push(this.#input.hold(chunk));
  }

  #tell(end: () => void): void {
    if (this.#state === 'idle') this.#scope.runInAsyncScope(end);
    else this.#ends.push(end);
  }

  /** Reads `chunk` from `start`, and chunks that came meanwhile; then reports the end events. */
  #read(chunk: Buffer, start: number): void {
    this.#state = 'reading';
    let current: Buffer | undefined = chunk;
    for (let at = start; current !== undefined; at = 0) {
      at = this.#reader.read(current, at, this.#time);
      if (at < current.length) return this.#wait(this.#input.hold(current), at);
      this.#input.release(current);
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
    setImmediate(InputTurns.#onNextTurn, this);
  }

  static #onNextTurn(turns: InputTurns): void {
    turns.#scope.runInAsyncScope(turns.#readOn, turns);
  }

  #readOn(): void {
    const current = this.#current!;
    this.#current = undefined;
    this.#read(current, this.#at);
    if (this.#state === 'idle' && !this.#isPaused) this.#socket.resume();
  }
}
