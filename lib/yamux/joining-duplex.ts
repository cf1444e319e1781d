import { Duplex, Readable } from 'node:stream';
import { PieceJoiner } from './piece-joiner.js';

/** What Node's part of a stream holds. */
const readableLengthOf = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableLength')!
  .get as (this: Readable) => number;

/**
 * A `Duplex` that joins small pieces which have to wait for their reader: what is unread costs little
 * more than its bytes, however they came.
 */
export abstract class JoiningDuplex extends Duplex {
  /** What has come behind what `Readable` holds; empty when that is. */
  readonly #joiner = new PieceJoiner();

  static {
    // Unread is also what waits to be joined. (An accessor in Node, but a field in its typings.)
    Object.defineProperty(this.prototype, 'readableLength', {
      get(this: JoiningDuplex): number {
        return this.#heldByNode + this.#joiner.length;
      },
    });
  }

  /** As `Readable.read`. */
  override read(size?: number): unknown {
    if (size !== undefined && size > this.#heldByNode) this.pushJoined();
    const chunk: unknown = super.read(size);
    if (this.#heldByNode === 0) this.pushJoined();
    return chunk;
  }

  /** @internal As `push`: to a reader that keeps up as it came; what has to wait anyway is joined if it is small. */
  protected pushOrJoin(piece: Buffer): void {
    if (this.#heldByNode === 0) {
      this.push(piece);
    } else if (this.#joiner.isSmall(piece)) {
      this.#joiner.add(piece, (joined) => this.push(joined));
    } else {
      this.pushJoined();
      this.push(piece);
    }
  }

  /** @internal Hands Node's part what waits to be joined: nothing more will come that it could be joined to. */
  protected pushJoined(): void {
    if (this.#joiner.length > 0) this.push(this.#joiner.take());
  }

  /** @internal Nobody will read it. */
  protected dropJoined(): void {
    this.#joiner.clear();
  }

  get #heldByNode(): number {
    return readableLengthOf.call(this);
  }
}
