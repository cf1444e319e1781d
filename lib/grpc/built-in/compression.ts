import { createGunzip, createInflate, deflate, gzip, type Gunzip, type Inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { excerpt } from '../../http2/index.js';
import { NO_ROOM } from './message-limits.js';

/** Value of `grpc-accept-encoding` on both sides, as in grpc-js. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** Encodings by value of the option `grpc.default_compression_algorithm`. */
const ALGORITHMS = ['identity', 'deflate', 'gzip'] as const;

/** A `grpc-encoding` for outgoing messages. */
export type Encoding = (typeof ALGORITHMS)[number];

/**
 * Returns the encoding for a value of `grpc.default_compression_algorithm`; `identity` for unknown values.
 */
export function encodingOf(algorithm: unknown): Encoding {
  return ALGORITHMS[algorithm as number] ?? 'identity';
}

/** Status for a message that cannot be read. */
interface UnreadableMessage {
  readonly code: status;
  readonly details: string;
}

/** Compresses `message` in the thread pool. */
export function compress(message: Uint8Array, encoding: 'deflate' | 'gzip'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    (encoding === 'gzip' ? gzip : deflate)(message, (error, output) =>
      error ? reject(error) : resolve(output),
    );
  });
}

/** Receives the output of one decompression. */
export interface DecompressionSink {
  /** Called for each decompressed part. Returns whether its `bytes` may be kept. */
  takeRoom(bytes: number): boolean;
  /** Called with the complete message, as the last event. */
  onDecompressed(message: Buffer): void;
  /** Called if the message cannot be read, as the last event. */
  onUnreadable(code: status, details: string): void;
}

/** Largest decompressed part of a message, in bytes. */
const MAX_CHUNK_SIZE = 64 * 1024;
/** Part size for short messages, in bytes: each part costs one job of the thread pool. */
const MIN_CHUNK_SIZE = 16 * 1024;
/** Most messages decompress to at most this multiple of their compressed size. */
const USUAL_RATIO = 8;

/** Decompresses one message in parts, so that memory is accounted for before it is used. */
export class Decompression {
  readonly #encoding: string;
  readonly #limit: number;
  readonly #sink: DecompressionSink;
  readonly #parts: Buffer[] = [];
  #length = 0;
  #engine: Gunzip | Inflate | undefined;
  #isOver = false;

  /**
   * @param limit - maximum decompressed size in bytes; negative for no limit.
   * @param sink - called asynchronously.
   */
  constructor(message: Buffer, encoding: string, limit: number, sink: DecompressionSink) {
    this.#encoding = encoding;
    this.#limit = limit < 0 ? Infinity : limit;
    this.#sink = sink;
    if (encoding === 'gzip' || encoding === 'deflate') this.#start(message);
    else process.nextTick(() => this.#fail(unsupported(encoding)));
  }

  /** Bytes decompressed so far. */
  get length(): number {
    return this.#length;
  }

  /** Stops the decompression without further events. */
  cancel(): void {
    this.#isOver = true;
    this.#parts.length = 0;
    this.#engine?.destroy();
  }

  #start(message: Buffer): void {
    const usual = USUAL_RATIO * message.length;
    const chunkSize = Math.min(MAX_CHUNK_SIZE, Math.max(MIN_CHUNK_SIZE, usual));
    const engine = (this.#encoding === 'gzip' ? createGunzip : createInflate)({ chunkSize });
    this.#engine = engine;
    engine.on('data', (part: Buffer) => this.#add(part));
    engine.on('end', () => this.#finish());
    engine.on('error', () =>
      this.#fail({
        code: status.INTERNAL,
        details: `Failed to decompress ${this.#encoding}-encoded message`,
      }),
    );
    engine.end(message);
  }

  #add(part: Buffer): void {
    if (this.#isOver) return;
    this.#length += part.length;
    if (this.#length > this.#limit) {
      const details = `Received message that decompresses to a size larger than ${this.#limit}`;
      this.#fail({ code: status.RESOURCE_EXHAUSTED, details });
    } else if (this.#sink.takeRoom(part.length)) {
      this.#parts.push(part);
    } else {
      this.#fail({ code: status.RESOURCE_EXHAUSTED, details: NO_ROOM });
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    const message = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.cancel();
    this.#sink.onDecompressed(message);
  }

  #fail({ code, details }: UnreadableMessage): void {
    if (this.#isOver) return;
    this.cancel();
    this.#sink.onUnreadable(code, details);
  }
}

function unsupported(encoding: string): UnreadableMessage {
  if (encoding === 'identity') {
    const details = 'Received compressed message but "grpc-encoding" header was identity';
    return { code: status.INTERNAL, details };
  }
  const details = `Received message compressed with unsupported encoding "${excerpt(encoding)}"`;
  return { code: status.UNIMPLEMENTED, details };
}
