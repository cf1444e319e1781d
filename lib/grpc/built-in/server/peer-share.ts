import { PeerAccounts, type Http2ConnectionOptions } from '../../../http2/index.js';
import { ConnectionMemory } from '../connection-memory.js';

/**
 * Resource accounts of one peer on a server. All streams of a multiplexed connection share them, so that
 * limits apply to the peer and not to each stream.
 */
export class PeerShare {
  /** Open streams and budgets of HTTP/2. */
  readonly accounts: PeerAccounts;
  /** Memory account of its calls. */
  readonly memory: ConnectionMemory;
  /** HTTP/2 connections of the peer, each with its unsent reply bytes. */
  readonly connections = new Set<{ readonly unsentBytes: number }>();

  /** @param memoryLimit - bytes that its calls may hold. */
  constructor(options: Http2ConnectionOptions, memoryLimit: number) {
    this.memory = new ConnectionMemory(memoryLimit);
    this.accounts = new PeerAccounts(options);
  }

  /** Bytes of replies that the peer has not taken. */
  get unsentBytes(): number {
    let bytes = 0;
    for (const { unsentBytes } of this.connections) bytes += unsentBytes;
    return bytes;
  }
}
