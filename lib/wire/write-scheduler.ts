import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { createRootScope } from '../context/index.js';
import { MessageLoan, PASSES_LOANS } from './message-loan.js';
import { isOwnSocket } from './socket-owner.js';

/** A source of data. Sources are asked for one frame at a time, so that each gets its turn. */
export interface Sendable {
  /** Whether there is data that may be sent now. */
  readonly sendable: boolean;
}

/** The owner of a scheduler. Its methods write by `WriteScheduler.write()`. */
export interface WriteSchedulerHost<Source extends Sendable> {
  /** Whether no source may send now, whatever its own state. */
  readonly blocked: boolean;
  /** Called before the first turn: writes the frames that precede all data. */
  onFlushStart(): void;
  /** Writes one frame of `source`, which is sendable. */
  sendFrame(source: Source): void;
  /** Called after the last turn: hands the rest of the buffered bytes to the socket. */
  onFlushEnd(): void;
}

/** Bytes handed to the socket at a time: maximum, minimum and initial value. */
const MOST_AT_A_TIME = 256 * 1024;
const LEAST_AT_A_TIME = 4 * 1024;
const FIRST_AT_A_TIME = 64 * 1024;
/** The number of bytes decreases if the network takes longer than this for them, in milliseconds. */
const SLOW_MS = 250;
/** The number of bytes increases if the network takes less than this for them, in milliseconds. */
const FAST_MS = 50;

/**
 * Schedules the writes of a connection: all frames of one tick are written together at its end, with one
 * frame of each ready source in turn for as long as the socket takes them.
 *
 * The number of bytes that the socket is given at a time adapts to the link. On a fast link it is up to
 * 256 KiB; on a slow link, as many bytes as the link takes in a quarter of a second, but at least 4 KiB. A
 * socket reports progress only for whole writes, so small writes make progress visible on a slow link. They
 * also limit the time for which frames that precede data wait behind data already given to the socket.
 */
export class WriteScheduler<Source extends Sendable> {
  readonly #socket: Duplex;
  readonly #host: WriteSchedulerHost<Source>;
  readonly #ready = new Set<Source>();
  #atATime = FIRST_AT_A_TIME;
  /** Writes run in the context of the connection, not in that of the first writing call of a tick. */
  readonly #scope = createRootScope();
  #scheduled: 'nothing' | 'late flush' | 'flush' = 'nothing';
  /** Whether something is to be written when the socket has room. */
  #waits = false;
  #ended = false;
  #written = 0;
  /** Start of the current timing by `performance.now()`, or 0; and `bytesTaken` at that time. */
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

  /** Bytes that the socket is given at a time. No data frame should be longer. */
  get atATime(): number {
    return this.#atATime;
  }

  /** Bytes that were handed to the socket so far. */
  get bytesWritten(): number {
    return this.#written;
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#written - this.#socket.writableLength;
  }

  /** Whether writing has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether no source waits for its turn. */
  get idle(): boolean {
    return this.#ready.size === 0;
  }

  /** Hands bytes to the socket. The bytes must not be changed afterwards. */
  write(bytes: Uint8Array): void {
    const socket = this.#socket;
    this.#written += bytes.length;
    // Below the minimum, the socket is not full and no source waits for it: the write needs no callback.
    if (socket.writableLength + bytes.length < LEAST_AT_A_TIME) socket.write(bytes);
    else socket.write(bytes, this.#onTaken);
  }

  /**
   * Hands bytes of a message to the socket, as `write` does. The loan of a pooled buffer ends only by the
   * callbacks of a socket that this library owns: other streams may keep the bytes for any time.
   */
  writePayload(bytes: Uint8Array): void {
    const loan = MessageLoan.of(bytes);
    if (loan === undefined) return this.write(bytes);
    if (isOwnSocket(this.#socket)) return this.#writeLent(bytes, loan);
    if (!(PASSES_LOANS in this.#socket)) loan.forfeit();
    this.write(bytes);
  }

  /** Schedules a flush. Returns false if the flush has to wait until the socket has room. */
  schedule(): boolean {
    if (this.#scheduled === 'flush') return true;
    if (!this.#hasRoom()) return false;
    this.#scheduled = 'flush';
    process.nextTick(this.#onTick);
    return true;
  }

  /**
   * Schedules a flush at the end of the turn of the event loop, for bytes that usually precede data of the
   * same turn: an earlier flush takes them along. Returns false like `schedule()`.
   */
  scheduleLate(): boolean {
    if (this.#scheduled !== 'nothing') return true;
    if (!this.#hasRoom()) return false;
    this.#scheduled = 'late flush';
    setImmediate(this.#onTurnEnd);
    return true;
  }

  /** Lets `source` send in turn with others until it is no longer sendable. */
  activate(source: Source): void {
    if (this.#ended) return;
    this.#ready.add(source);
    this.schedule();
  }

  deactivate(source: Source): void {
    this.#ready.delete(source);
  }

  /** Writes the frames that precede data, then ends the socket. Unsent data of the sources is dropped. */
  end(): void {
    if (this.#ended) return;
    this.#ready.clear();
    this.#flush();
    this.discard();
    this.#socket.end();
  }

  /** Stops writing and drops all sources. The socket stays open. */
  discard(): void {
    this.#ended = true;
    this.#ready.clear();
  }

  /**
   * Node calls the callback when the operating system or OpenSSL has copied the bytes, also if the socket was
   * destroyed meanwhile. An error says nothing about the memory, so the loan then goes on.
   */
  #writeLent(bytes: Uint8Array, loan: MessageLoan): void {
    this.#written += bytes.length;
    this.#socket.write(bytes, (error) => {
      if (!error) loan.taken(bytes.length);
      this.#onTaken(error);
    });
  }

  readonly #onTick = (): void => {
    this.#scheduled = 'nothing';
    if (!this.#ended) this.#flush();
  };

  readonly #onTurnEnd = (): void => {
    if (this.#scheduled === 'late flush') this.#onTick();
  };

  /** The network has taken a write, or the write has failed. */
  readonly #onTaken = (error?: Error | null): void => {
    if (error) return;
    this.#stopTiming();
    if (!this.#waits || this.#scheduled !== 'nothing' || this.#ended || this.full) return;
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
    } catch (error) {
      this.#resumeLater();
      throw error;
    } finally {
      // Application callbacks ran meanwhile. Even if one has thrown, the bytes must be written.
      this.#host.onFlushEnd();
      socket.uncork();
    }
    if (socket.writableLength >= LEAST_AT_A_TIME) this.#startTiming();
    else if (this.#waits) this.#adapt(this.#atATime, 0); // The socket took everything at once.
  }

  /**
   * Schedules a flush for the sources that an error has kept from their turns. It waits for the event loop,
   * because a source that fails at every turn would starve all else.
   */
  #resumeLater(): void {
    if (!this.idle) this.scheduleLate();
  }

  /** Whether the socket has room. If not, a flush follows when it has. */
  #hasRoom(): boolean {
    this.#waits ||= this.full;
    return !this.full;
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
      // Adding the source again moves it to the end of the set; this loop still reaches it.
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

  /** Adapts the number of bytes at a time: the network has taken `bytes` within `ms`. */
  #adapt(bytes: number, ms: number): void {
    if (ms > SLOW_MS) {
      const fewer = Math.min(this.#atATime, Math.round((bytes * SLOW_MS) / ms));
      this.#atATime = Math.max(LEAST_AT_A_TIME, fewer);
    } else if (ms < FAST_MS && bytes >= this.#atATime / 2) {
      this.#atATime = Math.min(MOST_AT_A_TIME, 2 * this.#atATime);
    }
  }
}
