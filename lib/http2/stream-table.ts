import { MAX_WINDOW_SIZE } from './frame.js';
import type { PeerAccounts } from './peer-accounts.js';
import type { Http2Role } from './role.js';
import type { Http2Stream } from './stream.js';

/** Streams that this side gave up lately, and frames for which may still come. */
const RESETS_REMEMBERED = 1000;

/** The largest number that a stream can have. */
const MAX_STREAM_ID = MAX_WINDOW_SIZE;

/** The streams of a connection by their numbers, and which numbers there were (RFC 9113, 5.1.1). */
export class StreamTable {
  readonly #streams = new Map<number, Http2Stream>();
  /** Remainder by 2 of the numbers of our streams. */
  readonly #ours: 0 | 1;
  #nextId: number;
  /** The highest number that the peer has used. */
  #highestPeerId = 0;
  readonly #resets = new Set<number>();
  /** No stream has more credit than this. */
  #mostCredit = 0;
  /** Those of `#resets` that had to be forgotten are not above this number. */
  #forgottenUpTo = 0;
  readonly #accounts: PeerAccounts;

  /** @param accounts - what the peer has used of its limits, here and on its other connections. */
  constructor(role: Http2Role, accounts: PeerAccounts) {
    this.#accounts = accounts;
    this.#nextId = role === 'client' ? 1 : 2;
    this.#ours = role === 'client' ? 1 : 0;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Streams of all connections that share the accounts of the peer. */
  get totalSize(): number {
    return this.#accounts.openStreams;
  }

  /** Whether this side has used all its numbers. */
  get exhausted(): boolean {
    return this.#nextId > MAX_STREAM_ID;
  }

  /** No stream has been given more credit, beyond the initial window, than this. */
  get mostCredit(): number {
    return this.#mostCredit;
  }

  /** A stream now has this `credit`. */
  noteCredit(credit: number): void {
    if (credit > this.#mostCredit) this.#mostCredit = credit;
  }

  /** Makes `mostCredit` exact, by a visit to every stream. Returns how many there are. */
  countCredit(): number {
    this.#mostCredit = 0;
    for (const stream of this.#streams.values()) this.noteCredit(stream.sendCredit);
    return this.size;
  }

  /** The number of the next stream of ours. */
  get nextId(): number {
    return this.#nextId;
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams.get(id);
  }

  all(): Iterable<Http2Stream> {
    return this.#streams.values();
  }

  /** Adds a stream of either side. */
  add(stream: Http2Stream): void {
    this.#streams.set(stream.id, stream);
    this.#accounts.openStreams += 1;
  }

  /** The stream of ours with the number `nextId` is on its way. */
  useNextId(): void {
    this.#nextId += 2;
  }

  /** The peer has used this number. */
  usePeerId(id: number): void {
    this.#highestPeerId = id;
  }

  /** Returns whether it was there. */
  delete(id: number): boolean {
    const wasThere = this.#streams.delete(id);
    if (wasThere) this.#accounts.openStreams -= 1;
    return wasThere;
  }

  isOurs(id: number): boolean {
    return id % 2 === this.#ours;
  }

  /** Whether the peer has not used this number, or a higher one, yet. */
  isNew(id: number): boolean {
    return id > this.#highestPeerId;
  }

  /** Whether no stream of this number was ever opened. */
  isIdle(id: number): boolean {
    return this.isOurs(id) ? id >= this.#nextId : id > this.#highestPeerId;
  }

  /** This side gave the stream up: frames for it may still be on their way. */
  rememberReset(id: number): void {
    this.#resets.add(id);
    if (this.#resets.size <= RESETS_REMEMBERED) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** Whether frames for this closed stream may still be on their way: this side gave it up. */
  wasReset(id: number): boolean {
    return this.#resets.has(id) || id <= this.#forgottenUpTo;
  }

  /** The peer gave the stream up, too, so no more will come. Returns whether that was known. */
  forgetReset(id: number): boolean {
    return this.#resets.delete(id);
  }
}
