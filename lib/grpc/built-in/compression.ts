import { createGunzip, createInflate, deflate, gzip, type Gunzip, type Inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { excerpt } from '../../http2/index.js';
import { NO_ROOM } from './message-limits.js';

/** What both sides say they can read, as grpc-js does. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** Names of the values of `grpc.default_compression_algorithm`. */
const ALGORITHMS = ['identity', 'deflate', 'gzip'] as const;

/** A `grpc-encoding` that messages can be written in. */
export type Encoding = (typeof ALGORITHMS)[number];

/** Of the option `grpc.default_compression_algorithm`; what it does not know is `identity`. */
export function encodingOf(algorithm: unknown): Encoding {
  return ALGORITHMS[algorithm as number] ?? 'identity';
}

/** Why a message cannot be read. */
interface UnreadableMessage {
  readonly code: status;
  readonly details: string;
}

export function compress(message: Uint8Array, encoding: 'deflate' | 'gzip'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    (encoding === 'gzip' ? gzip : deflate)(message, (error, output) =>
      error ? reject(error) : resolve(output),
    );
  });
}

/** Receives the output of one decompression. */
export interface DecompressionSink {
  /** `bytes` more are there. Returns whether they may be kept. */
  takeRoom(bytes: number): boolean;
  /** The whole message; nothing is told after it. */
  onDecompressed(message: Buffer): void;
  /** There is none; nothing is told after it. */
  onUnreadable(code: status, details: string): void;
}

/** Largest part of a message that is made at once, in bytes. */
const MAX_CHUNK_SIZE = 64 * 1024;
/** Largest part of a short message: each part costs a turn of a thread. */
const MIN_CHUNK_SIZE = 16 * 1024;
/** Most messages become no larger than this, in terms of their compressed length. */
const USUAL_RATIO = 8;

/** One message that is decompressed, part by part, so that its memory is taken before it grows. */
export class Decompression {
  readonly #encoding: string;
  readonly #limit: number;
  readonly #sink: DecompressionSink;
  readonly #parts: Buffer[] = [];
  #length = 0;
  #engine: Gunzip | Inflate | undefined;
  #isOver = false;

  /**
   * @param limit - bytes that the message may have; negative for any number.
   * @param sink - told later, never before this returns.
   */
  constructor(message: Buffer, encoding: string, limit: number, sink: DecompressionSink) {
    this.#encoding = encoding;
    this.#limit = limit < 0 ? Infinity : limit;
    this.#sink = sink;
    if (encoding === 'gzip' || encoding === 'deflate') this.#start(message);
    else process.nextTick(() => this.#fail(unsupported(encoding)));
  }

  /** Bytes that were decompressed. */
  get length(): number {
    return this.#length;
  }

  /** Nothing is told any more. */
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
