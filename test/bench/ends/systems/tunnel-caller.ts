import type { Caller } from '../end.js';
import type { Frame, FrameStream } from './tunnel-frames.js';

interface PendingCall {
  onMessage(data: Buffer): void;
  onEnd(error: Error | null): void;
}

/** Calls the client of a tunnel; many calls at once share its stream. */
export class TunnelCaller implements Caller {
  readonly #stream: FrameStream;
  readonly #pending = new Map<number, PendingCall>();
  #lastCall = 0;

  constructor(stream: FrameStream) {
    this.#stream = stream;
    stream.on('data', (frame) => this.#receive(frame));
  }

  echo(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void {
    let reply: Buffer | undefined;
    this.#call(
      { method: 'Echo', data, chunk: 0 },
      {
        onMessage: (message) => (reply = message),
        onEnd: (error) => callback(error, reply),
      },
    );
  }

  download(
    size: number,
    onMessage: (data: Buffer) => void,
    onEnd: (error: Error | null) => void,
  ): () => void {
    const call = this.#call(
      { method: 'Download', data: Buffer.alloc(0), chunk: size },
      { onMessage, onEnd },
    );
    return () => {
      if (!this.#pending.delete(call)) return;
      this.#stream.write({ call, cancel: {} });
      onEnd(null);
    };
  }

  /** The tunnel is gone, and its calls with it. */
  fail(error: Error): void {
    for (const { onEnd } of this.#pending.values()) onEnd(error);
    this.#pending.clear();
  }

  #call(request: NonNullable<Frame['request']>, pending: PendingCall): number {
    this.#lastCall = (this.#lastCall + 1) >>> 0;
    this.#pending.set(this.#lastCall, pending);
    this.#stream.write({ call: this.#lastCall, request });
    return this.#lastCall;
  }

  #receive({ call, message, end }: Frame): void {
    const pending = this.#pending.get(call);
    if (pending === undefined) return; // Cancelled while it was on its way.
    if (message) pending.onMessage(message);
    if (end) {
      this.#pending.delete(call);
      pending.onEnd(end.code === 0 ? null : new Error(`${end.code}: ${end.details}`));
    }
  }
}
