import type { Http2ConnectionOptions } from '../connection-options.js';
import { DEFAULT_WINDOW_SIZE, Http2FrameType } from '../frame.js';
import type { Http2FrameOutput } from '../outbound/frame-output.js';
import {
  applySettings,
  encodeInitialWindow,
  encodeSettings,
  INITIAL_SETTINGS,
  type Http2Settings,
} from '../settings.js';

/** The settings of both sides: ours until they are acknowledged, and the peer's as they are now. */
export class SettingsExchange {
  readonly #options: Http2ConnectionOptions;
  readonly #isClient: boolean;
  #peer: Http2Settings = INITIAL_SETTINGS;
  #timer: NodeJS.Timeout | undefined;
  #acknowledged = false;
  readonly #onAcknowledged: () => void;
  /** For each SETTINGS of ours that is not acknowledged: by how many bytes it lowers the initial window. */
  #reductions: readonly number[] = [];

  /** @param onAcknowledged - called each time that the peer has acknowledged settings of ours. */
  constructor(options: Http2ConnectionOptions, isClient: boolean, onAcknowledged: () => void) {
    this.#options = options;
    this.#isClient = isClient;
    this.#onAcknowledged = onAcknowledged;
  }

  /** What the peer has said of itself. */
  get peer(): Readonly<Http2Settings> {
    return this.#peer;
  }

  /** Whether the peer goes by our settings, rather than by what holds at first. */
  get acknowledged(): boolean {
    return this.#acknowledged;
  }

  /** Bytes beyond a stream's window that a peer may send because it does not know better yet. */
  get unknownReduction(): number {
    if (this.#reductions.length === 0) return 0;
    return this.#reductions.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Whether `changeWindow` may be called: the peer has acknowledged the last change. */
  get canChangeWindow(): boolean {
    return this.#reductions.length <= (this.#acknowledged ? 0 : 1);
  }

  /** Says ours; `onTimeout` if the peer does not acknowledge them in time. */
  send(output: Http2FrameOutput, onTimeout: () => void): void {
    output.frame(Http2FrameType.Settings, 0, 0, encodeSettings(this.#options, this.#isClient));
    this.#reductions = [Math.max(0, DEFAULT_WINDOW_SIZE - this.#options.initialWindowSize)];
    const { settingsTimeoutMs } = this.#options;
    if (settingsTimeoutMs === 0) return;
    this.#timer = setTimeout(onTimeout, settingsTimeoutMs).unref();
  }

  /** Says that the initial window is `to` bytes instead of `from`. No time limit: see `unknownReduction`. */
  changeWindow(output: Http2FrameOutput, from: number, to: number): void {
    output.frame(Http2FrameType.Settings, 0, 0, encodeInitialWindow(to));
    this.#reductions = [...this.#reductions, Math.max(0, from - to)];
  }

  /** The peer has acknowledged ours. Returns whether there was anything to acknowledge. */
  acknowledge(): boolean {
    if (this.#reductions.length === 0) return false;
    this.#reductions = this.#reductions.slice(1);
    this.#acknowledged = true;
    this.stop();
    this.#onAcknowledged();
    return true;
  }

  /**
   * The peer has said something about itself.
   *
   * @throws Http2Error of the connection.
   */
  receive(payload: Buffer): void {
    this.#peer = applySettings(this.#peer, payload, !this.#isClient);
  }

  /** Waits no longer. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
