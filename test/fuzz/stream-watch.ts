import type { Http2Stream, StreamListener } from '../../lib/http2/index.js';
import type { Random } from '../unit/http2/hpack/random.js';

/** An application on one stream that does this and that, and sees that what it is told makes sense. */
export class StreamWatch implements StreamListener {
  stream!: Http2Stream;
  over = false;
  readonly #random: Random;
  readonly #act: (watch: StreamWatch) => void;
  #unread = 0;
  #headers = 0;
  #ended = false;

  /** @param act - called now and then from within callbacks. */
  constructor(random: Random, act: (watch: StreamWatch) => void) {
    this.#random = random;
    this.#act = act;
  }

  onHeaders(): void {
    this.#tell('onHeaders');
    this.#headers += 1;
    if (this.#headers > 1) throw new Error('headers twice');
  }

  onData(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end);
    this.#tell('onData');
    if (this.#ended) throw new Error('data behind the end');
    this.#unread += piece.length;
    if (this.#random.chance(0.7)) this.consume();
  }

  onTrailers(): void {
    this.#tell('onTrailers');
    if (this.#ended) throw new Error('trailers behind the end');
  }

  onEnd(): void {
    this.#tell('onEnd');
    if (this.#ended) throw new Error('two ends');
    this.#ended = true;
  }

  onDrain(): void {
    this.#tell('onDrain');
  }

  onClose(): void {
    if (this.over) throw new Error('onClose, though the stream is over');
    this.over = true;
    if (!this.stream.closed) throw new Error('onClose on a stream that is open');
    if (this.#random.chance(0.1)) this.#act(this);
  }

  consume(): void {
    this.stream.consume(this.#unread);
    this.#unread = 0;
  }

  #tell(what: string): void {
    if (this.over) throw new Error(`${what}, though the stream is over`);
    if (this.#random.chance(0.05)) this.#act(this);
  }
}
