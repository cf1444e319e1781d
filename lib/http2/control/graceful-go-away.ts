import { ErrorCode, Http2FrameType, MAX_WINDOW_SIZE } from '../protocol/frame.js';
import type { Http2FrameOutput } from '../outbound/frame-output.js';
import { goAwayPayload } from './go-away-frame.js';
import type { Http2Pings } from './pings.js';

/** Milliseconds to wait for the answer to a ping; the next step then follows without it. */
const NEXT_STEP_MS = 1000;

/** The connection that ends gracefully. */
export interface GracefulGoAwayHost {
  readonly output: Http2FrameOutput;
  readonly pings: Http2Pings;
  /** Whether the peer opens streams; if not, the last step alone is enough. */
  readonly isServer: boolean;
  /**
   * Whether the peer has acknowledged our first SETTINGS. grpc-js ignores a GOAWAY that arrives together with
   * these SETTINGS, and then retries calls forever without a pause.
   */
  readonly hasPeer: boolean;
  /** Called after the last step: new streams of the peer are not served any more. */
  onGoAwaySent(): void;
}

/** Sends GOAWAY in two steps, so that no request in transit is lost (RFC 9113, 6.8). */
export class GracefulGoAway {
  readonly #host: GracefulGoAwayHost;
  #step: 'none' | 'first' | 'last' = 'none';
  /** Debug data of both GOAWAY frames. */
  #message = '';
  /** Highest stream id of the peer that this side has served. */
  #lastServedId = 0;

  constructor(host: GracefulGoAwayHost) {
    this.#host = host;
  }

  /** Whether `begin()` was called: this side opens no more streams. */
  get begun(): boolean {
    return this.#step !== 'none';
  }

  /** Records a new stream id of the peer. Returns whether the stream is served. */
  serve(id: number): boolean {
    if (this.#step === 'last') return false;
    this.#lastServedId = id;
    return true;
  }

  /**
   * Begins both steps. Idempotent.
   *
   * @param message - the debug data: for humans, or a keyword of gRPC, such as `max_age`.
   */
  begin(message = ''): void {
    if (this.#step !== 'none') return;
    this.#message = message;
    if (!this.#host.isServer) return this.#takeLastStep();
    this.#step = 'first';
    if (this.#host.hasPeer) this.#takeFirstStep();
    else this.#afterAnswer(() => this.#takeFirstStep());
  }

  /** Sends one GOAWAY with this reason, because the connection ends now. */
  fail(code: number, message: string): void {
    this.#write(this.#lastServedId, code, message);
  }

  #takeFirstStep(): void {
    this.#write(MAX_WINDOW_SIZE, ErrorCode.NoError, this.#message);
    // Requests that the peer sent before it read the GOAWAY arrive before its answer to a ping.
    this.#afterAnswer(() => this.#takeLastStep());
  }

  /** Pings the peer. Calls `goOn` at the answer or time limit, but not after the connection's end. */
  #afterAnswer(goOn: () => void): void {
    let isDone = false;
    const goOnOnce = (): void => {
      if (!isDone) goOn();
      isDone = true;
    };
    const timer = setTimeout(goOnOnce, NEXT_STEP_MS).unref();
    this.#host.pings.send().then(
      () => {
        clearTimeout(timer);
        goOnOnce();
      },
      () => clearTimeout(timer),
    );
  }

  #takeLastStep(): void {
    this.#step = 'last';
    this.#write(this.#lastServedId, ErrorCode.NoError, this.#message);
    this.#host.onGoAwaySent();
  }

  #write(lastStreamId: number, code: number, message: string): void {
    const payload = goAwayPayload(lastStreamId, code, message);
    this.#host.output.frame(Http2FrameType.GoAway, 0, 0, payload);
  }
}
