import type { AppStream } from './app-stream.js';
import { isPayload } from './payload.js';

export const INITIAL_WINDOW = 262_144;

/** What the peer knows of a stream, from the frames alone. */
export class PeerStream {
  app: AppStream | undefined;
  /** Bytes that the session has allowed, and those that were sent. */
  granted = INITIAL_WINDOW;
  sent = 0;
  sentBeforeEnd = 0;
  hasEnded = false;
  hasReset = false;
  /** Bytes that the peer has allowed, and those that came. */
  credit = INITIAL_WINDOW;
  received = 0;
  /** How the session has ended its half. */
  itsEnd: 'fin' | 'rst' | undefined;
  /** Whether the one that did not open the stream has shown that it knows it. */
  isAcknowledged = false;

  constructor(
    readonly id: number,
    /** Whether the peer has opened it. */
    readonly isInbound: boolean,
  ) {}

  /** Whether the peer may send on it. */
  get isOpen(): boolean {
    return !this.hasEnded && !this.hasReset && this.itsEnd !== 'rst';
  }

  /** Whether, with nothing on its way, both sides must know it. */
  get isKnown(): boolean {
    return !this.hasReset && this.itsEnd !== 'rst' && !(this.hasEnded && this.itsEnd === 'fin');
  }

  /** Bytes that the peer may still make the session hold. */
  get promised(): number {
    const isCounted = this.isKnown && (this.isAcknowledged || !this.isInbound);
    return isCounted ? this.granted - (this.app?.read ?? 0) : 0;
  }

  onData(payload: Buffer, maxFrameSize: number): void {
    if (payload.length === 0) throw this.#wrong('an empty data frame');
    if (payload.length > maxFrameSize) throw this.#wrong(`a frame of ${payload.length} bytes`);
    if (this.itsEnd !== undefined) throw this.#wrong(`data behind ${this.itsEnd}`);
    if (this.received + payload.length > this.credit) throw this.#wrong('more than it may send');
    if (!isPayload(2 * this.id + 1, this.received, payload)) throw this.#wrong('other bytes');
    this.received += payload.length;
  }

  onAck(delta: number): void {
    if (!this.isInbound || this.isAcknowledged) throw this.#wrong('ACK that is not due');
    this.isAcknowledged = true;
    this.onCredit(delta, 0);
  }

  onCredit(delta: number, least: number): void {
    if (this.itsEnd === 'rst') throw this.#wrong('credit behind RST');
    if (delta < least) throw this.#wrong(`credit of ${delta}`);
    this.granted += delta;
  }

  onFin(): void {
    if (this.itsEnd !== undefined) throw this.#wrong(`FIN behind ${this.itsEnd}`);
    const written = this.app?.written ?? 0;
    if (written !== this.received) throw this.#wrong(`FIN at ${this.received} of ${written} bytes`);
    this.itsEnd = 'fin';
  }

  onRst(): void {
    if (this.itsEnd === 'rst') throw this.#wrong('a second RST');
    this.itsEnd = 'rst';
  }

  #wrong(what: string): Error {
    return new Error(`stream ${this.id} was sent ${what}`);
  }
}
