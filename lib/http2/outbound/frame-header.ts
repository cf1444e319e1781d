/** Offset of the flags in a frame header. */
export const FLAGS_OFFSET = 4;

/** Writes a frame header to `target`, from offset `at` on (RFC 9113, 4.1). */
export function writeFrameHeader(
  target: Buffer,
  at: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + FLAGS_OFFSET] = flags;
  target[at + 5] = streamId >>> 24;
  target[at + 6] = streamId >>> 16;
  target[at + 7] = streamId >>> 8;
  target[at + 8] = streamId;
}
