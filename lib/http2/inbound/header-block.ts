import { Http2Flag } from '../frame.js';

/** What a HEADERS frame carries besides its header block. */
export interface HeadersPayload {
  start: number;
  end: number;
  /** The stream that this one is said to depend on. */
  dependency: number | undefined;
}

/** Finds the header block in the payload of a HEADERS frame; undefined if its padding is too long. */
export function parseHeadersPayload(flags: number, payload: Buffer): HeadersPayload | undefined {
  let start = 0;
  let end = payload.length;
  if (flags & Http2Flag.Padded) {
    start = 1;
    end -= payload[0] ?? 1;
  }
  let dependency: number | undefined;
  if (flags & Http2Flag.Priority) {
    if (payload.length < start + 5) return undefined;
    dependency = payload.readUInt32BE(start) & 0x7fff_ffff;
    start += 5;
  }
  return start > end ? undefined : { start, end, dependency };
}

/** What a header block may take. */
export interface HeaderBlockLimits {
  /** Bytes that it may have, compressed. */
  readonly maxHeaderBlockSize: number;
  /** CONTINUATION frames that it may have; those of every known implementation need few. */
  readonly maxContinuations: number;
}

/** A header block that several frames share, kept until it is complete. */
export class HeaderBlock {
  readonly #limits: HeaderBlockLimits;
  #fragments: Buffer[] = [];
  #bytes = 0;

  constructor(
    readonly streamId: number,
    readonly endStream: boolean,
    limits: HeaderBlockLimits,
  ) {
    this.#limits = limits;
  }

  /** Adds a copy. Returns whether the block is within its limits. */
  add(fragment: Buffer): boolean {
    this.#fragments.push(Buffer.from(fragment));
    this.#bytes += fragment.length;
    const { maxHeaderBlockSize, maxContinuations } = this.#limits;
    // The first one came with HEADERS.
    return this.#bytes <= maxHeaderBlockSize && this.#fragments.length <= maxContinuations + 1;
  }

  complete(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}
