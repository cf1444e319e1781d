import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { overwriteFreed, overwriteFreedBuffers } from './debug-buffers.js';

/** Bytes that are collected before `postMessage`, whose cost per call is that of several buffers. */
const BATCH = 512 * 1024;

/**
 * Size of a buffer that is freed once at first. glibc then keeps freed memory up to twice this size for later
 * buffers, instead of returning each to the system (`mallopt`, M_MMAP_THRESHOLD). It is never written to.
 */
const TRIM_SIZE = 8 * 1024 * 1024;

/** `ArrayBuffer.prototype.transfer`, from Node 21 on. */
type Transferable = ArrayBuffer & { transfer?(length: number): ArrayBuffer };

/** Node 20 has no `transfer`: it frees buffers that are posted to a port whose other end is closed. */
class ClosedPort {
  readonly #port: MessagePort;
  #batch: ArrayBuffer[] = [];
  #bytes = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    this.#port = port1;
  }

  add(buffer: ArrayBuffer): void {
    this.#batch.push(buffer);
    this.#bytes += buffer.byteLength;
    if (this.#bytes < BATCH) return;
    this.#port.postMessage(null, this.#batch);
    this.#batch = [];
    this.#bytes = 0;
  }
}

let closedPort: ClosedPort | undefined;
let isFirst = true;

/**
 * Frees the memory of `chunk` at once: it must be the only view of its whole `ArrayBuffer`, which is detached.
 * Otherwise the memory stays until a garbage collection, and V8 counts it towards the size of the heap: input
 * would then cause collections, each as expensive as the heap of the application is large.
 */
export function freeMemory(chunk: Uint8Array): void {
  if (overwriteFreedBuffers) return overwriteFreed(chunk);
  if (isFirst) {
    isFirst = false;
    free(new ArrayBuffer(TRIM_SIZE));
  }
  free(chunk.buffer as ArrayBuffer);
}

function free(buffer: Transferable): void {
  if (buffer.transfer !== undefined) buffer.transfer(0);
  else (closedPort ??= new ClosedPort()).add(buffer);
}
