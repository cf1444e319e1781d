import { deflate, gunzip, gzip, inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { excerpt } from '../../http2/index.js';

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

/** A message that cannot be read. */
export class UnreadableMessage extends Error {
  constructor(
    /** gRPC status code. */
    readonly code: status,
    readonly details: string,
  ) {
    super(details);
  }
}

export function compress(message: Uint8Array, encoding: 'deflate' | 'gzip'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    (encoding === 'gzip' ? gzip : deflate)(message, (error, output) =>
      error ? reject(error) : resolve(output),
    );
  });
}

/**
 * Undoes `encoding`, but never beyond `limit` bytes.
 *
 * @param limit - negative for any number.
 * @throws UnreadableMessage (as a rejection).
 */
export function decompress(message: Buffer, encoding: string, limit: number): Promise<Buffer> {
  if (encoding !== 'gzip' && encoding !== 'deflate') return Promise.reject(unsupported(encoding));
  return new Promise((resolve, reject) => {
    (encoding === 'gzip' ? gunzip : inflate)(
      message,
      // Zlib takes no limit of 0 bytes; a message of none is let through by 1, too.
      limit < 0 ? {} : { maxOutputLength: Math.max(1, limit) },
      (error, output) => (error ? reject(whyNot(error, encoding, limit)) : resolve(output)),
    );
  });
}

function unsupported(encoding: string): UnreadableMessage {
  if (encoding !== 'identity') {
    return new UnreadableMessage(
      status.UNIMPLEMENTED,
      `Received message compressed with unsupported encoding "${excerpt(encoding)}"`,
    );
  }
  return new UnreadableMessage(
    status.INTERNAL,
    'Received compressed message but "grpc-encoding" header was identity',
  );
}

function whyNot(error: NodeJS.ErrnoException, encoding: string, limit: number): UnreadableMessage {
  if (error.code === 'ERR_BUFFER_TOO_LARGE') {
    return new UnreadableMessage(
      status.RESOURCE_EXHAUSTED,
      `Received message that decompresses to a size larger than ${limit}`,
    );
  }
  return new UnreadableMessage(status.INTERNAL, `Failed to decompress ${encoding}-encoded message`);
}
