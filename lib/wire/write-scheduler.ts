import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { createRootScope } from '../context/index.js';

/** Something with data to send, asked for a little at a time so that all get their turn. */
export interface Sendable {
  /** Whether there is data that may be sent now. */
  readonly sendable: boolean;
}

/** What the turns are made of; it writes by `write` of the turns. */
export interface WriteSchedulerHost<Source extends Sendable> {
  /** Whether no source may send now, whatever its own state. */
  readonly blocked: boolean;
  /** Before the first turn: writes what goes ahead of all data. */
  onFlushStart(): void;
  /** Writes one frame of `source`, which is sendable. */
  sendFrame(source: Source): void;
  /** Hands the socket what it has not. */
  onFlushEnd(): void;
}

/** Bytes that are handed to the socket at a time: at most, at least, and to begin with. */
const MOST_AT_A_TIME = 256 * 1024;
const LEAST_AT_A_TIME = 4 * 1024;
const FIRST_AT_A_TIME = 64 * 1024;
/** Milliseconds that the network may take for them before they become fewer. */
const SLOW_MS = 250;
/** Milliseconds within which they become more. */
const FAST_MS = 50;

/**
 * When a connection writes: all of one turn of the event loop together at its end, with one frame from
 * each ready source in turn for as long as the socket takes it.
 *
 * How much the socket is given at a time follows the link: up to 256 KiB on a fast one, and on a slow
 * one what it takes in a quarter of a second. So there is progress to be seen on every link, as the
 * bytes that wait in a socket become fewer only by whole writes, and frames that go ahead of data wait
 * for no more than that.
 */
export class WriteScheduler<Source extends Sendable> {
  readonly #socket: Duplex;
  readonly #host: WriteSchedulerHost<Source>;
  readonly #ready = new Set<Source>();
  #atATime = FIRST_AT_A_TIME;
  /** Writes run in the context of the connection, not in that of the call that wrote first in a turn. */
  readonly #scope = createRootScope();
  #flushScheduled = false;
  /** Something is to be written once the socket has room. */
  #waits = false;
  #ended = false;
  #written = 0;
  /** Since when the network is timed, by `performance.now()`; 0 while it is not. And what it had taken by then. */
  #timedSince = 0;
  #takenBefore = 0;

  constructor(socket: Duplex, host: WriteSchedulerHost<Source>) {
    this.#socket = socket;
    this.#host = host;
  }

  /** Whether sources have to wait for the socket. */
  get full(): boolean {
    return this.#socket.writableLength >= this.#atATime;
  }

  /** Bytes that the socket is given at a time; no frame with data should be longer. */
  get atATime(): number {
    return this.#atATime;
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#written - this.#socket.writableLength;
  }

  /** Whether nothing is written any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether no source waits for its turn. */
  get idle(): boolean {
    return this.#ready.size === 0;
  }

  /** Hands the socket bytes, which must not be changed any more. */
  write(bytes: Uint8Array): void {
    const socket = this.#socket;
    this.#written += bytes.length;
    // Nobody waits for less than what a slow link gets at a time, so nobody needs to be told of it.
    if (socket.writableLength + bytes.length < LEAST_AT_A_TIME) socket.write(bytes);
    else socket.write(bytes, this.#onTaken);
  }

  /** Something is to be written. Returns whether that will be soon, rather than when the socket has room. */
  schedule(): boolean {
    if (this.#flushScheduled) return true;
    if (this.full) {
      this.#waits = true;
      return false;
    }
    this.#flushScheduled = true;
    process.nextTick(this.#onTick);
    return true;
  }

  /** Gives `source` its turns until it is no longer sendable. */
  activate(source: Source): void {
    if (this.#ended) return;
    this.#ready.add(source);
    this.schedule();
  }

  deactivate(source: Source): void {
    this.#ready.delete(source);
  }

  /** Writes what waits, but for data that had no turn yet, then ends the socket. */
  end(): void {
    if (this.#ended) return;
    this.#ready.clear();
    this.#flush();
    this.discard();
    this.#socket.end();
  }

  /** Lets go of the socket and of what waits. */
  discard(): void {
    this.#ended = true;
    this.#ready.clear();
  }

  readonly #onTick = (): void => {
    this.#flushScheduled = false;
    if (!this.#ended) this.#flush();
  };

  /** The network has taken a write, or never will. */
  readonly #onTaken = (error?: Error | null): void => {
    if (error) return;
    this.#stopTiming();
    if (!this.#waits || this.#flushScheduled || this.#ended || this.full) return;
    this.#flush();
  };

  #flush(): void {
    this.#scope.runInAsyncScope(this.#write, this);
  }

  #write(): void {
    const socket = this.#socket;
    this.#waits = false;
    socket.cork();
    try {
      this.#host.onFlushStart();
      this.#takeTurns();
    } finally {
      // Callbacks of the application ran in between; whatever they did, the bytes must go.
      this.#host.onFlushEnd();
      socket.uncork();
    }
    if (socket.writableLength >= LEAST_AT_A_TIME) this.#startTiming();
    else if (this.#waits) this.#adapt(this.#atATime, 0); // All of it at once.
  }

  #takeTurns(): void {
    for (const source of this.#ready) {
      if (this.#host.blocked) return;
      if (this.full) {
        this.#waits = true;
        return;
      }
      this.#ready.delete(source);
      if (!source.sendable) continue;
      // Added again it stands last, and this loop still comes to it.
      this.#ready.add(source);
      this.#host.sendFrame(source);
    }
  }

  #startTiming(): void {
    if (this.#timedSince !== 0) return;
    this.#timedSince = performance.now();
    this.#takenBefore = this.bytesTaken;
  }

  #stopTiming(): void {
    if (this.#timedSince === 0) return;
    const bytes = this.bytesTaken - this.#takenBefore;
    if (bytes === 0) return;
    this.#adapt(bytes, performance.now() - this.#timedSince);
    this.#timedSince = 0;
    if (this.#socket.writableLength >= LEAST_AT_A_TIME) this.#startTiming();
  }

  /** The network has taken `bytes` within `ms`. */
  #adapt(bytes: number, ms: number): void {
    if (ms > SLOW_MS) {
      const fewer = Math.min(this.#atATime, Math.round((bytes * SLOW_MS) / ms));
      this.#atATime = Math.max(LEAST_AT_A_TIME, fewer);
    } else if (ms < FAST_MS && bytes >= this.#atATime / 2) {
      this.#atATime = Math.min(MOST_AT_A_TIME, 2 * this.#atATime);
    }
  }
}
