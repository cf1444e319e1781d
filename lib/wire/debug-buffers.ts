/**
 * Whether memory that would be freed or reused is overwritten instead, so that a view of it that is still in
 * use shows wrong bytes. For tests: the environment variable `BACKCHANNEL_DEBUG_BUFFERS=overwrite`.
 */
export const overwriteFreedBuffers = process.env['BACKCHANNEL_DEBUG_BUFFERS'] === 'overwrite';

/** Byte that overwrites freed memory: an invalid frame type, length and text wherever it is parsed. */
const FREED_BYTE = 0xdb;

/** Overwrites `bytes`, whose memory is free. */
export function overwriteFreed(bytes: Uint8Array): void {
  bytes.fill(FREED_BYTE);
}
