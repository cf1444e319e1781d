import { Duplex, Readable } from 'node:stream';
import { rethrowOnNextTick } from '../wire/index.js';
import { PieceJoiner } from './piece-joiner.js';

/** Getter of the bytes that Node's `Readable` holds. */
const readableLengthOf = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableLength')!
  .get as (this: Readable) => number;

/** A `Duplex` that joins small unread pieces, so that unread data costs little more memory than its bytes. */
export abstract class JoiningDuplex extends Duplex {
  /** Bytes that follow those in the buffer of `Readable`. Empty when that buffer is empty. */
  readonly #joiner = new PieceJoiner();
  #lends = false;
  /** Whether a view of the piece that is being pushed escaped. */
  #hasEscaped = false;

  static {
    // `readableLength` must count the bytes that wait to be joined. TypeScript accepts no getter here, because
    // the typings of Node declare a field.
    Object.defineProperty(this.prototype, 'readableLength', {
      get(this: JoiningDuplex): number {
        return this.#heldByNode + this.#joiner.length;
      },
    });
  }

  /** Like `Readable.read`. */
  override read(size?: number): unknown {
    if (size !== undefined && size > this.#heldByNode) this.pushJoined();
    try {
      return super.read(size);
    } finally {
      // Also if a listener of `'data'` has thrown: later pieces must not come before the joined ones.
      if (this.#heldByNode === 0) this.pushJoined();
    }
  }

  /** @internal Lends pieces to the listeners of `'data'` from now on: they are valid until the listener returns. */
  borrowChunks(): void {
    this.#lends = true;
  }

  /** @internal Called by the borrower if a view of its piece escapes. */
  keepChunk(): void {
    this.#hasEscaped = true;
  }

  /** Like `Readable.unshift`. What `read()` returns can be kept, also if it was put back by a borrower. */
  override unshift(chunk: unknown, encoding?: BufferEncoding): void {
    this.#hasEscaped = true;
    super.unshift(chunk, encoding);
  }

  /** Like `Readable.pipe`. The destination keeps chunks until it has written them, so none is lent any more. */
  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    this.#lends = false;
    return super.pipe(destination, options);
  }

  /**
   * @internal Like `push`, but joins a small piece with others if earlier data is still unread.
   *
   * @returns whether a view of `piece` escaped: to a listener that it was not only lent to, or to the buffer of
   * `Readable`.
   */
  protected pushOrJoin(piece: Buffer): boolean {
    if (this.#heldByNode > 0) {
      if (this.#joiner.isSmall(piece)) {
        this.#joiner.add(piece, (joined) => this.pushSafely(joined));
        return false;
      }
      this.pushJoined();
    }
    // The borrower is one listener; a second one was lent nothing.
    this.#hasEscaped = !this.#lends || this.listenerCount('data') > 1;
    if (!this.pushSafely(piece)) return true;
    return this.#hasEscaped || this.#heldByNode > 0;
  }

  /**
   * @internal Like `push`, but an error that a listener throws becomes an `uncaughtException`, and does not
   * interrupt the parser. Returns whether no listener threw.
   */
  protected pushSafely(piece: Buffer | null): boolean {
    try {
      this.push(piece);
      return true;
    } catch (error) {
      rethrowOnNextTick(error);
      return false;
    }
  }

  /** @internal Moves the joined bytes to `Readable`. */
  protected pushJoined(): void {
    if (this.#joiner.length > 0) this.pushSafely(this.#joiner.take());
  }

  /** @internal Drops the joined bytes. */
  protected dropJoined(): void {
    this.#joiner.clear();
  }

  get #heldByNode(): number {
    return readableLengthOf.call(this);
  }
}
