import type { YamuxAbuseGuard } from './abuse-guard.js';
import type { YamuxConfig } from './config.js';
import { streamReset } from './errors.js';
import type { YamuxFrameOutput, YamuxFrameSource } from './frame-output.js';

type WriteCallback = (error?: Error | null) => void;

/** The parts of a session that a send queue uses. */
export interface YamuxSendQueueHost {
  readonly config: Readonly<YamuxConfig>;
  readonly output: YamuxFrameOutput;
  readonly abuse: YamuxAbuseGuard;
}

/** The stream that owns a send queue. */
export interface YamuxSendQueueOwner {
  readonly id: number;
  /** Called when unsent bytes wait for credit of the peer. */
  onBlocked(): void;
}

/**
 * Smallest data frame, in bytes, that always pays for frames of the peer. A shorter one pays only if it
 * empties the queue; otherwise a small window of the peer may have made it short.
 */
const DRIBBLE_BYTES = 64;

/**
 * The pending write of a stream, and its send window. Sends the write in data frames, in turn with other
 * streams.
 */
export class YamuxSendQueue implements YamuxFrameSource {
  readonly #host: YamuxSendQueueHost;
  readonly #stream: YamuxSendQueueOwner;
  #window: number;
  #hasSent = false;
  #chunks: readonly Buffer[] = [];
  #index = 0;
  #offset = 0;
  #bytes = 0;
  #callback: WriteCallback | undefined;

  /** @param window - send window in bytes. */
  constructor(host: YamuxSendQueueHost, stream: YamuxSendQueueOwner, window: number) {
    this.#host = host;
    this.#stream = stream;
    this.#window = window;
  }

  /** Bytes still to be sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Send window in bytes. */
  get window(): number {
    return this.#window;
  }

  /** Whether any data was sent. */
  get hasSent(): boolean {
    return this.#hasSent;
  }

  /** Whether unsent bytes wait for credit of the peer. */
  get isBlocked(): boolean {
    return this.#bytes > 0 && this.#window === 0;
  }

  /** Whether unsent bytes may be sent. */
  get sendable(): boolean {
    return this.#bytes > 0 && this.#window > 0;
  }

  /** Takes a write. Only valid while no write is pending, which Node's `Writable` guarantees. */
  put(chunks: readonly Buffer[], bytes: number, callback: WriteCallback): void {
    if (bytes === 0) return callback();
    this.#chunks = chunks;
    this.#index = 0;
    this.#offset = 0;
    this.#bytes = bytes;
    this.#callback = callback;
    if (this.#window > 0) this.#host.output.activate(this);
    else this.#stream.onBlocked();
  }

  /** Takes several writes as one. Only valid while no write is pending. */
  putAll(writes: readonly { readonly chunk: Buffer }[], callback: WriteCallback): void {
    const chunks = new Array<Buffer>(writes.length);
    let bytes = 0;
    for (let i = 0; i < writes.length; i++) {
      const { chunk } = writes[i]!;
      chunks[i] = chunk;
      bytes += chunk.length;
    }
    this.put(chunks, bytes, callback);
  }

  /** Adds credit of the peer to the window. */
  grant(bytes: number): void {
    this.#window += bytes;
    if (this.sendable) this.#host.output.activate(this);
  }

  /** Sends the next data frame; the queue must be `sendable`. */
  sendFrame(output: YamuxFrameOutput): void {
    const { config, abuse } = this.#host;
    const bytes = Math.min(this.#bytes, this.#window, config.maxFrameSize, output.frameLimit);
    this.#window -= bytes;
    this.#hasSent = true;
    if (bytes >= DRIBBLE_BYTES || bytes === this.#bytes) abuse.creditSentData(bytes);
    output.dataHeader(this.#stream.id, bytes);
    this.#moveTo(output, bytes);
    if (this.#bytes === 0) this.#finish();
    else if (this.#window === 0) this.#stream.onBlocked();
  }

  /** Sends no more: the stream is destroyed. A pending write fails, with `error` if there is one. */
  stop(error: Error | null): void {
    this.#host.output.deactivate(this);
    if (this.#bytes > 0) this.#finish(error ?? streamReset('the stream was destroyed'));
  }

  /** Moves the next `count` bytes to `output`; `count` is at most `bytes`. */
  #moveTo(output: YamuxFrameOutput, count: number): void {
    this.#bytes -= count;
    while (count > 0) {
      const chunk = this.#chunks[this.#index]!;
      const end = Math.min(chunk.length, this.#offset + count);
      count -= end - this.#offset;
      output.payload(
        this.#offset === 0 && end === chunk.length ? chunk : chunk.subarray(this.#offset, end),
      );
      this.#offset = end;
      if (end === chunk.length) {
        this.#index += 1;
        this.#offset = 0;
      }
    }
  }

  /** Completes the pending write, and drops its unsent bytes. With `error`, the write fails. */
  #finish(error?: Error): void {
    const callback = this.#callback;
    this.#chunks = [];
    this.#bytes = 0;
    this.#callback = undefined;
    callback?.(error);
  }
}
