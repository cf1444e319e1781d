import { MAX_WINDOW_SIZE } from '../protocol/frame.js';
import type { PeerAccounts } from '../peer-accounts.js';
import type { Http2Role } from '../protocol/role.js';
import type { Http2Stream } from './stream.js';

/** Number of ids in `#resets`. Frames for recently reset streams may be in transit. */
const RESETS_REMEMBERED = 1000;

/** Largest stream id (RFC 9113, 5.1.1). */
const MAX_STREAM_ID = MAX_WINDOW_SIZE;

/** Open streams of a connection by id, and the ids used so far (RFC 9113, 5.1.1). */
export class StreamTable {
  readonly #streams = new Map<number, Http2Stream>();
  /** Parity of the ids of streams that this side opens. */
  readonly #ours: 0 | 1;
  #nextId: number;
  /** Highest stream id that the peer has used. */
  #highestPeerId = 0;
  /** Ids of streams that this side has reset, oldest first. Created with the first one. */
  #resets: Set<number> | undefined;
  /** Upper bound of `sendCredit` of all streams. */
  #mostCredit = 0;
  /** Highest id that was dropped from `#resets`. */
  #forgottenUpTo = 0;
  readonly #accounts: PeerAccounts;

  /** @param accounts - the accounts of the peer, shared by all of its connections. */
  constructor(role: Http2Role, accounts: PeerAccounts) {
    this.#accounts = accounts;
    this.#nextId = role === 'client' ? 1 : 2;
    this.#ours = role === 'client' ? 1 : 0;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Open streams on all connections of the peer. */
  get totalSize(): number {
    return this.#accounts.openStreams;
  }

  /** Whether this side has used all of its stream ids. */
  get exhausted(): boolean {
    return this.#nextId > MAX_STREAM_ID;
  }

  /** Upper bound of `sendCredit` of all streams; exact after `countCredit()`. */
  get mostCredit(): number {
    return this.#mostCredit;
  }

  /** Records the `sendCredit` of a stream. */
  noteCredit(credit: number): void {
    if (credit > this.#mostCredit) this.#mostCredit = credit;
  }

  /** Makes `mostCredit` exact. Visits every stream, and returns their number. */
  countCredit(): number {
    this.#mostCredit = 0;
    for (const stream of this.#streams.values()) this.noteCredit(stream.sendCredit);
    return this.size;
  }

  /** Id of the next stream that this side opens. */
  get nextId(): number {
    return this.#nextId;
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams.get(id);
  }

  all(): Iterable<Http2Stream> {
    return this.#streams.values();
  }

  add(stream: Http2Stream): void {
    this.#streams.set(stream.id, stream);
    this.#accounts.openStreams += 1;
  }

  /** Records that this side has opened the stream `nextId`. */
  useNextId(): void {
    this.#nextId += 2;
  }

  /** Records a stream id that the peer has used. */
  usePeerId(id: number): void {
    this.#highestPeerId = id;
  }

  /** Returns whether the table had the stream. */
  delete(id: number): boolean {
    const wasThere = this.#streams.delete(id);
    if (wasThere) this.#accounts.openStreams -= 1;
    return wasThere;
  }

  isOurs(id: number): boolean {
    return id % 2 === this.#ours;
  }

  /** Whether the peer has used neither this id nor a higher one. */
  isNew(id: number): boolean {
    return id > this.#highestPeerId;
  }

  /** Whether no stream with this id was ever opened. */
  isIdle(id: number): boolean {
    return this.isOurs(id) ? id >= this.#nextId : id > this.#highestPeerId;
  }

  /** Records that this side has reset the stream: frames for it may be in transit. */
  rememberReset(id: number): void {
    this.#resets ??= new Set();
    this.#resets.add(id);
    if (this.#resets.size <= RESETS_REMEMBERED) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** Whether this side has, or may have, reset this closed stream: frames may be in transit. */
  wasReset(id: number): boolean {
    return this.#resets?.has(id) === true || id <= this.#forgottenUpTo;
  }

  /** The peer has reset the stream, too: no frames follow. Returns whether the id was known. */
  forgetReset(id: number): boolean {
    return this.#resets?.delete(id) ?? false;
  }
}
