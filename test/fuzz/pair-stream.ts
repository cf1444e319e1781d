import {
  type ErrorCode,
  type Http2Error,
  type Http2Stream,
  type StreamListener,
} from '../../lib/http2/index.js';
import type { Random } from '../unit/http2/hpack/random.js';

const BLOCK = Buffer.from(Array.from({ length: 251 * 1000 }, (_, index) => index % 251));

/** One end of a stream: what it sends is a fixed sequence, and so must be what it gets. */
export class PairStream implements StreamListener {
  stream!: Http2Stream;
  over = false;
  sent = 0;
  received = 0;
  /** It has said that it is done. */
  hasFinished = false;
  hasGivenUp = false;
  hasEnded = false;
  error: Http2Error | undefined;
  readonly #random: Random;
  readonly #side: string;
  #unread = 0;
  #mayWrite = true;

  constructor(random: Random, side: string) {
    this.#random = random;
    this.#side = side;
  }

  onHeaders(): void {
    if (this.received > 0) throw new Error('headers behind data');
  }

  onData(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end);
    const at = this.received % 251;
    if (!piece.equals(BLOCK.subarray(at, at + piece.length))) throw this.#wrong('other data');
    this.received += piece.length;
    this.#unread += piece.length;
    if (this.#random.chance(0.5)) this.#consume();
  }

  onTrailers(headers: readonly string[]): void {
    if (headers.join('=') !== 'x-trailer=bye') throw this.#wrong('other trailers');
  }

  onEnd(): void {
    this.hasEnded = true;
  }

  onDrain(): void {
    this.#mayWrite = true;
  }

  onClose(error?: Http2Error): void {
    if (this.over) throw this.#wrong('closed twice');
    this.over = true;
    this.error = error;
  }

  /** Does something that an application does. */
  act(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 60) this.#write();
    else if (kind < 90) this.#consume();
    else if (kind < 93) this.finish();
    else if (kind < 94) this.giveUp(8);
  }

  /** Sends no more. */
  finish(): void {
    this.#consume();
    if (this.hasFinished || this.over) return;
    this.hasFinished = true;
    const kind = this.#random.below(3);
    if (kind === 0) this.stream.end();
    else if (kind === 1) this.stream.sendHeaders(['x-trailer', 'bye'], true);
    else this.#send(this.#random.below(50), true);
  }

  giveUp(code: ErrorCode): void {
    if (this.over) return;
    this.over = true;
    this.hasGivenUp = true;
    this.stream.reset(code);
  }

  /** This end and the `other` one know of the same bytes. */
  compare(other: PairStream | undefined): void {
    if (other === undefined) {
      // Given up, or refused, before it was there.
      if (!this.hasGivenUp && this.error === undefined) throw this.#wrong('lost');
      return;
    }
    const isWhole =
      this.error === undefined &&
      other.error === undefined &&
      !this.hasGivenUp &&
      !other.hasGivenUp;
    if (other.received > this.sent || this.received > other.sent)
      throw this.#wrong('more than sent');
    if (!isWhole) return;
    if (other.received !== this.sent || this.received !== other.sent)
      throw this.#wrong('less than sent');
    if (!this.hasEnded || !other.hasEnded) throw this.#wrong('no end');
  }

  #write(): void {
    if (this.hasFinished || !this.#mayWrite) return;
    const random = this.#random;
    this.#send(random.chance(0.1) ? random.below(100_000) : random.below(500), false);
  }

  #send(length: number, endStream: boolean): void {
    const at = this.sent % 251;
    const cut = this.#random.below(length + 1);
    const pieces = [BLOCK.subarray(at, at + cut), BLOCK.subarray(at + cut, at + length)];
    this.sent += length;
    this.#mayWrite = this.stream.write(pieces, length, endStream);
  }

  #consume(): void {
    const { below, unread } = { below: this.#random, unread: this.#unread };
    const taken = below.chance(0.5) ? unread : below.below(unread + 1);
    this.#unread -= taken;
    this.stream.consume(taken);
  }

  #wrong(what: string): Error {
    return new Error(`${what} on the ${this.#side}'s end of stream ${this.stream.id}`);
  }
}
