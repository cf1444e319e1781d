import { rethrowOnNextTick } from '../wire/index.js';
import type { Http2ConnectionEvents } from './connection-events.js';
import type { Http2Stream } from './stream/stream.js';

/** Calls the event listeners of a connection, and keeps their errors away from the connection. */
export class ConnectionUser {
  readonly #events: Http2ConnectionEvents;

  constructor(events: Http2ConnectionEvents) {
    this.#events = events;
  }

  /** Whether this side accepts requests. */
  get servesRequests(): boolean {
    return this.#events.onRequest !== undefined;
  }

  request(stream: Http2Stream, headers: readonly string[], endStream: boolean): void {
    try {
      this.#events.onRequest!(stream, headers, endStream);
      if (!stream.hasListener && !stream.closed) {
        throw new TypeError('onRequest must set stream.listener before it returns');
      }
    } catch (error) {
      stream.listenerThrew(error);
    }
  }

  ready(): void {
    try {
      this.#events.onReady?.();
    } catch (error) {
      rethrowOnNextTick(error);
    }
  }

  room(): void {
    try {
      this.#events.onRoom?.();
    } catch (error) {
      rethrowOnNextTick(error);
    }
  }

  goAway(code: number, message: string): void {
    try {
      this.#events.onGoAway?.(code, message);
    } catch (error) {
      rethrowOnNextTick(error);
    }
  }

  close(error: Error | undefined): void {
    try {
      this.#events.onClose?.(error);
    } catch (thrown) {
      rethrowOnNextTick(thrown);
    }
  }
}
