import { status } from '@grpc/grpc-js';
import type { ConnectionInfo } from '../connection-info.js';
import type { CallProblem } from '../grpc-types.js';

/** Status of a call beyond the limit; grpc-js uses this code if node:http2 refuses a stream. */
const NO_ROOM: CallProblem = {
  code: status.UNAVAILABLE,
  details: 'The calls of this peer need more than "grpc.max_concurrent_streams"',
};

/**
 * Counts the calls of one peer on a grpc-js server. Its streams share the count, so that the limit applies
 * to the peer; node:http2 applies it to each stream.
 */
export class PeerCalls {
  readonly #connection: ConnectionInfo;
  readonly #max: number;
  #open = 0;
  /** `closed`: no handler may begin. */
  #state: 'open' | 'closed' = 'open';

  /** @param max - limit of in-flight calls. */
  constructor(connection: ConnectionInfo, max: number) {
    this.#connection = connection;
    this.#max = max;
  }

  /** Whether handlers may begin. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Begins a call. Returns the status of a call that may not begin. */
  begin(): CallProblem | undefined {
    const problem = this.#open < this.#max ? this.#connection.callProblem(this.#open + 1) : NO_ROOM;
    if (problem === undefined) this.#open += 1;
    return problem;
  }

  /** Ends a call that `begin()` admitted. */
  end(): void {
    this.#open -= 1;
  }

  /** Lets no handler begin any more. */
  close(): void {
    this.#state = 'closed';
  }
}
