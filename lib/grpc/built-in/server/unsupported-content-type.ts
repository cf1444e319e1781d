import type { Http2Stream, StreamListener } from '../../../http2/index.js';

const BODY = Buffer.from('This port speaks gRPC: content-type must be application/grpc.\n');

/** Answers a request without a gRPC content-type with HTTP status 415, after all of it has arrived. */
export class UnsupportedContentType implements StreamListener {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  onHeaders(): void {}

  onData(_chunk: Buffer, start: number, end: number): void {
    this.#stream.consume(end - start);
  }

  onTrailers(): void {}

  onEnd(): void {
    const headers = ['content-type', 'text/plain', 'content-length', String(BODY.length)];
    this.#stream.sendHeaders([':status', '415', ...headers]);
    this.#stream.write([BODY], BODY.length, true);
  }

  onDrain(): void {}

  onClose(): void {}
}
