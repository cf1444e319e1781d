import { Http2Flag } from '../protocol/frame.js';

/** Position of the header block in the payload of a HEADERS frame, and the priority field. */
export interface HeadersPayload {
  start: number;
  end: number;
  /** Stream dependency, if the frame has priority fields. */
  dependency: number | undefined;
}

/**
 * Parses the payload of HEADERS, which must be long enough for its mandatory fields. Returns undefined if the
 * payload is too short for its padding.
 */
export function parseHeadersPayload(flags: number, payload: Buffer): HeadersPayload | undefined {
  let start = 0;
  let end = payload.length;
  if (flags & Http2Flag.Padded) {
    start = 1;
    end -= payload[0]!;
  }
  let dependency: number | undefined;
  if (flags & Http2Flag.Priority) {
    dependency = payload.readUInt32BE(start) & 0x7fff_ffff;
    start += 5;
  }
  return start > end ? undefined : { start, end, dependency };
}

/** Limits of a header block. */
export interface HeaderBlockLimits {
  /** Compressed bytes. */
  readonly maxHeaderBlockSize: number;
  /** CONTINUATION frames; every known implementation needs few. */
  readonly maxContinuations: number;
}

/** Collects a header block that spans several frames. */
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

  /** Adds a copy of `fragment`. Returns whether the block is within its limits. */
  add(fragment: Buffer): boolean {
    this.#fragments.push(Buffer.from(fragment));
    this.#bytes += fragment.length;
    const { maxHeaderBlockSize, maxContinuations } = this.#limits;
    // The first fragment is that of HEADERS.
    return this.#bytes <= maxHeaderBlockSize && this.#fragments.length <= maxContinuations + 1;
  }

  complete(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}
