import { type Metadata, status } from '@grpc/grpc-js';
import { excerpt } from '../../../http2/index.js';
import type { ServerStatus } from '../../grpc-types.js';
import type { ConnectionMemory } from '../connection-memory.js';
import { receivedMetadata } from '../received-metadata.js';
import { decodeTimeout } from '../timeout-header.js';

/** Headers of a request that its metadata omits. */
const HIDDEN_HEADERS = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'te',
]);

/** Headers up to this size in bytes are free; longer ones count towards the memory of the connection. */
const SMALL_HEADERS = 4096;
/** Bytes that each header counts for in addition to name and value (RFC 9113, 6.5.2). */
const HEADER_OVERHEAD = 32;
/** Bytes that each value of a binary header counts for: a `Buffer` of its own. */
const BINARY_VALUE_BYTES = 256;

const NO_ROOM_FOR_HEADERS =
  'Headers of the calls of this connection need more than "grpc-node.max_session_memory"';

/** The headers of a request. Holds memory for long ones, because handlers may create all of the metadata. */
export class RequestHead {
  /** `:authority`, or else `host`. */
  host = '';
  /** `grpc-encoding` of the request. */
  encoding = 'identity';
  /** The first valid `grpc-timeout` in milliseconds; undefined without one. */
  timeoutMs: number | undefined;
  /** The status with which the request must be refused; undefined if it is valid. */
  problem: ServerStatus | undefined;
  readonly #headers: readonly string[];
  readonly #memory: ConnectionMemory;
  /** Bytes of memory that are held. */
  #held = 0;

  /** @param headers - name, value, name, value; kept, but not modified. */
  constructor(headers: readonly string[], memory: ConnectionMemory) {
    this.#headers = headers;
    this.#memory = memory;
    const size = this.#read();
    if (size > SMALL_HEADERS) this.#hold(size);
  }

  /** Creates the metadata of the request. */
  toMetadata(): Metadata {
    return receivedMetadata(this.#headers, HIDDEN_HEADERS);
  }

  /** Releases the memory. To be called once, when the call is over. */
  release(): void {
    if (this.#held > 0) this.#memory.release(this.#held);
  }

  /** Reads the headers. Returns the number of bytes that their metadata takes. */
  #read(): number {
    const headers = this.#headers;
    let size = 0;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      const value = headers[i + 1]!;
      size += name.length + value.length + HEADER_OVERHEAD;
      if (isBinary(name)) size += BINARY_VALUE_BYTES * valuesIn(value);
      switch (name) {
        case ':authority':
          this.host = value;
          break;
        case 'host':
          this.host ||= value;
          break;
        case 'grpc-encoding':
          this.encoding = value;
          break;
        case 'grpc-timeout':
          this.#readTimeout(value);
          break;
      }
    }
    return size;
  }

  #readTimeout(header: string): void {
    if (this.timeoutMs !== undefined) return;
    this.timeoutMs = decodeTimeout(header);
    if (this.timeoutMs !== undefined) return;
    const details = `Invalid grpc-timeout value "${excerpt(header)}"`;
    this.problem = { code: status.INTERNAL, details };
  }

  #hold(bytes: number): void {
    if (this.#memory.hold(bytes)) this.#held = bytes;
    else this.problem = { code: status.RESOURCE_EXHAUSTED, details: NO_ROOM_FOR_HEADERS };
  }
}

/** Returns the number of values in a list that is joined by commas, without creating them. */
function valuesIn(list: string): number {
  let count = 1;
  for (let at = list.indexOf(','); at >= 0; at = list.indexOf(',', at + 1)) count += 1;
  return count;
}

/**
 * Equivalent of `endsWith('-bin')`, which is slow. Most names do not end with an n and fail the first test.
 */
function isBinary(name: string): boolean {
  return name.charCodeAt(name.length - 1) === 0x6e && name.endsWith('-bin');
}
