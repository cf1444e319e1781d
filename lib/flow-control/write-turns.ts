import type { Duplex } from 'node:stream';

/** Something with data to send, asked for a little at a time so that all get their turn. */
export interface TurnSource {
  /** Whether there is data that may be sent now. */
  readonly sendable: boolean;
}

/** What the turns are made of; `socket.write` is its own business. */
export interface WriteTurnsHost<Source extends TurnSource> {
  /** Whether no source may send now, whatever its own state. */
  readonly blocked: boolean;
  /** Before the first turn: writes what goes ahead of all data. */
  beforeTurns(): void;
  /** Writes one frame of `source`, which is sendable. */
  takeTurn(source: Source): void;
  /** Hands the socket what it has not. */
  afterTurns(): void;
}

/** Bytes that may wait in the socket before sources have to wait: enough to keep a link busy, little enough to keep turns short. */
const SOCKET_HIGH_WATER = 256 * 1024;

/**
 * When a connection writes: all of one turn of the event loop together at its end, with one frame from
 * each ready source in turn for as long as the socket takes it.
 */
export class WriteTurns<Source extends TurnSource> {
  readonly #socket: Duplex;
  readonly #host: WriteTurnsHost<Source>;
  readonly #ready = new Set<Source>();
  #flushScheduled = false;
  #ended = false;

  constructor(socket: Duplex, host: WriteTurnsHost<Source>) {
    this.#socket = socket;
    this.#host = host;
    socket.on('drain', this.#onDrain);
  }

  /** Whether sources have to wait for the socket. */
  get full(): boolean {
    // A socket whose own mark is above ours never says 'drain' for ours: only both together count.
    return this.#socket.writableNeedDrain && this.#socket.writableLength >= SOCKET_HIGH_WATER;
  }

  /** Whether nothing is written any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether no source waits for its turn. */
  get idle(): boolean {
    return this.#ready.size === 0;
  }

  /** Something is to be written. Returns whether that will be soon, rather than when the socket has room. */
  schedule(): boolean {
    if (this.#flushScheduled) return true;
    if (this.full) return false;
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
    this.#socket.off('drain', this.#onDrain);
  }

  readonly #onTick = (): void => {
    this.#flushScheduled = false;
    if (!this.#ended) this.#flush();
  };

  readonly #onDrain = (): void => this.#flush();

  #flush(): void {
    const socket = this.#socket;
    socket.cork();
    try {
      this.#host.beforeTurns();
      this.#takeTurns();
    } finally {
      // Callbacks of the application ran in between; whatever they did, the bytes must go.
      this.#host.afterTurns();
      socket.uncork();
    }
  }

  #takeTurns(): void {
    for (const source of this.#ready) {
      if (this.full || this.#host.blocked) return;
      this.#ready.delete(source);
      if (!source.sendable) continue;
      // Added again it stands last, and this loop still comes to it.
      this.#ready.add(source);
      this.#host.takeTurn(source);
    }
  }
}
