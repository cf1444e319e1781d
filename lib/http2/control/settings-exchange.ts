import type { Http2ConnectionOptions } from '../connection-options.js';
import { DEFAULT_WINDOW_SIZE, Http2FrameType } from '../protocol/frame.js';
import type { Http2FrameOutput } from '../outbound/frame-output.js';
import {
  applySettings,
  encodeInitialWindow,
  encodeSettings,
  INITIAL_SETTINGS,
  type Http2Settings,
} from '../protocol/settings.js';

/** The connection whose settings are exchanged. */
export interface SettingsHost {
  /** Called for each SETTINGS acknowledgement of the peer. */
  onSettingsAcknowledged(): void;
}

/** Settings of both sides: the acknowledgements of ours, and the current settings of the peer. */
export class SettingsExchange {
  readonly #options: Http2ConnectionOptions;
  readonly #isClient: boolean;
  #peer: Http2Settings = INITIAL_SETTINGS;
  #received = false;
  #timer: NodeJS.Timeout | undefined;
  #acknowledged = false;
  readonly #host: SettingsHost;
  /** Bytes by which each of our unacknowledged SETTINGS lowers the initial window, oldest first. */
  #reductions: readonly number[] = [];

  constructor(options: Http2ConnectionOptions, isClient: boolean, host: SettingsHost) {
    this.#options = options;
    this.#isClient = isClient;
    this.#host = host;
  }

  /** Current settings of the peer. */
  get peer(): Readonly<Http2Settings> {
    return this.#peer;
  }

  /** Whether the peer has sent SETTINGS, which must be its first frame. */
  get received(): boolean {
    return this.#received;
  }

  /** Whether the peer has acknowledged our first SETTINGS. */
  get acknowledged(): boolean {
    return this.#acknowledged;
  }

  /** Bytes beyond a stream's window that the peer may send until it has read our last SETTINGS. */
  get unknownReduction(): number {
    if (this.#reductions.length === 0) return 0;
    return this.#reductions.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Whether `changeWindow` may be called: no earlier change is unacknowledged. */
  get canChangeWindow(): boolean {
    return this.#reductions.length <= (this.#acknowledged ? 0 : 1);
  }

  /** Sends our first SETTINGS. Calls `onTimeout` if no acknowledgement arrives in `settingsTimeoutMs`. */
  send(output: Http2FrameOutput, onTimeout: () => void): void {
    output.frame(Http2FrameType.Settings, 0, 0, encodeSettings(this.#options, this.#isClient));
    this.#reductions = [Math.max(0, DEFAULT_WINDOW_SIZE - this.#options.initialWindowSize)];
    const { settingsTimeoutMs } = this.#options;
    if (settingsTimeoutMs === 0) return;
    this.#timer = setTimeout(onTimeout, settingsTimeoutMs).unref();
  }

  /**
   * Announces an initial window of `to` bytes in place of `from`. The acknowledgement has no time limit: until
   * it arrives, `unknownReduction` allows DATA that the old window permits.
   */
  changeWindow(output: Http2FrameOutput, from: number, to: number): void {
    output.frame(Http2FrameType.Settings, 0, 0, encodeInitialWindow(to));
    this.#reductions = [...this.#reductions, Math.max(0, from - to)];
  }

  /** Handles an acknowledgement of the peer. Returns whether one was pending. */
  acknowledge(): boolean {
    if (this.#reductions.length === 0) return false;
    this.#reductions = this.#reductions.slice(1);
    this.#acknowledged = true;
    this.stop();
    this.#host.onSettingsAcknowledged();
    return true;
  }

  /**
   * Applies SETTINGS of the peer.
   *
   * @throws Http2Error of scope `connection` for a value that is not allowed.
   */
  receive(payload: Buffer): void {
    this.#peer = applySettings(this.#peer, payload, !this.#isClient);
    this.#received = true;
  }

  /** Stops the timer for the acknowledgement. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
