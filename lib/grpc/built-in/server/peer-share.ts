import { PeerAccounts, type Http2ConnectionOptions } from '../../../http2/index.js';
import { CallMemory } from '../call-memory.js';

/**
 * What one peer has a server keep. All streams of a multiplexed connection share it, so that limits hold
 * for the peer and not for each stream that it opens.
 */
export class PeerShare {
  /** Open streams and budgets of HTTP/2. */
  readonly accounts: PeerAccounts;
  /** Memory account of its calls. */
  readonly memory: CallMemory;
  /** Connections of HTTP/2 that it has, each with the bytes of replies that wait there. */
  readonly connections = new Set<{ readonly unsentBytes: number }>();

  /** @param memoryLimit - bytes that its calls may hold. */
  constructor(options: Http2ConnectionOptions, memoryLimit: number) {
    this.memory = new CallMemory(memoryLimit);
    this.accounts = new PeerAccounts(options);
  }

  /** Bytes of replies that wait for the peer to take them. */
  get unsentBytes(): number {
    let bytes = 0;
    for (const { unsentBytes } of this.connections) bytes += unsentBytes;
    return bytes;
  }
}
