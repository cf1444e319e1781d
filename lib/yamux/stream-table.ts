import { YamuxError } from './errors.js';
import { INITIAL_WINDOW, MAX_UINT32, YamuxFlag } from './frame.js';
import { YamuxStream, type YamuxStreamHost } from './stream.js';

/** Open streams of a session by id. Assigns the ids of this side, and limits the streams of the peer. */
export class YamuxStreamTable {
  readonly #host: YamuxStreamHost;
  readonly #streams = new Map<number, YamuxStream>();
  #nextId: number;
  /** Open streams that the peer has opened. */
  #inboundCount = 0;
  /** Whether all streams that the peer opens are reset. */
  #refuses = false;

  /** @param nextId - id of the first stream that this side opens; all ids of this side have its parity. */
  constructor(host: YamuxStreamHost, nextId: number) {
    this.#host = host;
    this.#nextId = nextId;
  }

  /** Number of open streams. */
  get size(): number {
    return this.#streams.size;
  }

  get(id: number): YamuxStream | undefined {
    return this.#streams.get(id);
  }

  has(id: number): boolean {
    return this.#streams.has(id);
  }

  all(): Iterable<YamuxStream> {
    return this.#streams.values();
  }

  /** Whether `id` has the parity of streams that the peer opens. */
  isOfPeer(id: number): boolean {
    return id % 2 !== this.#nextId % 2;
  }

  /** Whether the budget has room for the window of one more stream. */
  get hasRoom(): boolean {
    return this.#host.windows.budget.has(INITIAL_WINDOW);
  }

  /** Whether to reset a stream that the peer opens now. */
  get refusesInbound(): boolean {
    const isFull = this.#inboundCount >= this.#host.config.maxInboundStreams;
    return this.#refuses || isFull || !this.hasRoom;
  }

  /** Refuses all streams that the peer opens from now on. */
  refuseInbound(): void {
    this.#refuses = true;
  }

  /**
   * Opens a stream.
   *
   * @throws YamuxError `ERR_YAMUX_STREAMS_EXHAUSTED` if no id is left.
   */
  open(): YamuxStream {
    const id = this.#nextId;
    if (id >= MAX_UINT32 - 1) {
      throw new YamuxError(
        'ERR_YAMUX_STREAMS_EXHAUSTED',
        'all stream ids of this session are used up; open a new session',
      );
    }
    this.#nextId = id + 2;
    const stream = this.#create(id, INITIAL_WINDOW);
    stream.announce(YamuxFlag.Syn);
    this.#host.abuse.creditOpenedStream();
    return stream;
  }

  /** Creates a stream that the peer has opened. `sendWindow` is the send window in bytes. */
  addInbound(id: number, sendWindow: number): YamuxStream {
    this.#inboundCount += 1;
    return this.#create(id, sendWindow);
  }

  /** Removes a stream that is closed on the wire. Returns whether the table had it. */
  delete(stream: YamuxStream): boolean {
    // The peer may have opened another stream with the id.
    if (this.#streams.get(stream.id) !== stream) return false;
    this.#streams.delete(stream.id);
    if (this.isOfPeer(stream.id)) this.#inboundCount -= 1;
    return true;
  }

  #create(id: number, sendWindow: number): YamuxStream {
    const stream = new YamuxStream(this.#host, id, sendWindow);
    this.#streams.set(id, stream);
    return stream;
  }
}
