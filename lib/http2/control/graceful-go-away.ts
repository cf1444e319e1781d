import { ErrorCode, Http2FrameType, MAX_WINDOW_SIZE } from '../frame.js';
import type { Http2FrameOutput } from '../outbound/frame-output.js';
import { goAwayPayload } from './go-away-frame.js';
import type { Http2Pings } from './pings.js';

/** Milliseconds that the peer has to answer before the next step is taken all the same. */
const NEXT_STEP_MS = 1000;

/** How this side says GOAWAY: in two steps, so that no request is lost that was on its way (RFC 9113, 6.8). */
export class GracefulGoAway {
  readonly #output: Http2FrameOutput;
  readonly #pings: Http2Pings;
  readonly #servesRequests: boolean;
  readonly #hasPeer: () => boolean;
  readonly #onLastStep: () => void;
  #step: 'none' | 'first' | 'last' = 'none';
  /** The debug data of both steps. */
  #message = '';
  /** The peer's streams up to this one are served, or were. */
  #lastServedId = 0;

  /**
   * @param servesRequests - whether the peer opens streams; one that does not needs no warning.
   * @param hasPeer - whether the peer has got what was said first. grpc-js does not hear a GOAWAY that
   * comes together with that: it goes on trying to begin calls, without end and without a pause.
   * @param onLastStep - what the peer sends from now on is not served.
   */
  constructor(
    output: Http2FrameOutput,
    pings: Http2Pings,
    servesRequests: boolean,
    hasPeer: () => boolean,
    onLastStep: () => void,
  ) {
    this.#output = output;
    this.#pings = pings;
    this.#servesRequests = servesRequests;
    this.#hasPeer = hasPeer;
    this.#onLastStep = onLastStep;
  }

  /** Whether the peer has been told, so that this side opens no streams. */
  get begun(): boolean {
    return this.#step !== 'none';
  }

  /** The peer has used this number. Returns whether its streams are served. */
  serve(id: number): boolean {
    if (this.#step === 'last') return false;
    this.#lastServedId = id;
    return true;
  }

  /**
   * Takes both steps.
   *
   * @param message - the debug data: for humans, or a word that gRPC has agreed upon, such as `max_age`.
   */
  begin(message = ''): void {
    if (this.#step !== 'none') return;
    this.#message = message;
    if (!this.#servesRequests) return this.#takeLastStep();
    this.#step = 'first';
    if (this.#hasPeer()) this.#takeFirstStep();
    else this.#afterAnswer(() => this.#takeFirstStep());
  }

  /** The connection ends now, for this reason. */
  fail(code: number, message: string): void {
    this.#write(this.#lastServedId, code, message);
  }

  #takeFirstStep(): void {
    this.#write(MAX_WINDOW_SIZE, ErrorCode.NoError, this.#message);
    // What the peer sent before it knew has come when it answers.
    this.#afterAnswer(() => this.#takeLastStep());
  }

  /** Goes on when the peer has answered, or does not; never when the connection has ended. */
  #afterAnswer(goOn: () => void): void {
    let isDone = false;
    const goOnOnce = (): void => {
      if (!isDone) goOn();
      isDone = true;
    };
    const timer = setTimeout(goOnOnce, NEXT_STEP_MS).unref();
    this.#pings.send().then(
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
    this.#onLastStep();
  }

  #write(lastStreamId: number, code: number, message: string): void {
    this.#output.frame(Http2FrameType.GoAway, 0, 0, goAwayPayload(lastStreamId, code, message));
  }
}
