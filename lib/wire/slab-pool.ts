/**
 * A buffer that is being filled. Bytes before `offset` are never overwritten: a socket may still hold
 * them.
 */
export interface Slab {
  bytes: Buffer;
  offset: number;
}

const SLAB_SIZE = 64 * 1024;
/** A slab with less room than this, in bytes, is not reused. */
const LEAST_ROOM = 512;
/** Most slabs kept for reuse. More are needed only while more connections write at once. */
const MAX_SPARE = 16;

const spare: Slab[] = [];

/**
 * Lends a slab with room for `bytes`. Connections borrow a slab when they have something to write, and return
 * it after the write. Idle connections therefore hold no slab, and busy connections share a few.
 */
export function borrowSlab(bytes: number): Slab {
  const last = spare.pop();
  if (last !== undefined && last.bytes.length - last.offset >= bytes) return last;
  return { bytes: Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_SIZE)), offset: 0 };
}

/** Takes `slab` back. The borrower must not use it afterwards. */
export function returnSlab(slab: Slab): void {
  const isWorthIt = slab.bytes.length - slab.offset >= LEAST_ROOM;
  if (isWorthIt && slab.bytes.length === SLAB_SIZE && spare.length < MAX_SPARE) spare.push(slab);
}
