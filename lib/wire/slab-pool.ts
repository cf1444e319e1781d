/** A buffer that is being filled. What stands before `offset` is never written over: a socket may hold it. */
export interface Slab {
  bytes: Buffer;
  offset: number;
}

const SLAB_SIZE = 64 * 1024;
/** A slab with less room left is not worth going on with. */
const LEAST_ROOM = 512;
/** Slabs that wait for a borrower; more are needed only while as many connections write at once. */
const MAX_SPARE = 16;

const spare: Slab[] = [];

/**
 * Lends a slab with room for `bytes`. Connections borrow one when they have something to write, and
 * give it back when it is written: an idle connection has none, and busy ones share a few.
 */
export function borrowSlab(bytes: number): Slab {
  const last = spare.pop();
  if (last !== undefined && last.bytes.length - last.offset >= bytes) return last;
  return { bytes: Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_SIZE)), offset: 0 };
}

/** Takes `slab` back; its borrower must not touch it any more. */
export function returnSlab(slab: Slab): void {
  const isWorthIt = slab.bytes.length - slab.offset >= LEAST_ROOM;
  if (isWorthIt && slab.bytes.length === SLAB_SIZE && spare.length < MAX_SPARE) spare.push(slab);
}
