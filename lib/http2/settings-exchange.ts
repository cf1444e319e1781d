import type { Http2ConnectionOptions } from './connection-options.js';
import { DEFAULT_WINDOW_SIZE, FrameType } from './frame.js';
import type { FrameOutput } from './frame-output.js';
import { applySettings, encodeSettings, INITIAL_SETTINGS, type Http2Settings } from './settings.js';

/** The settings of both sides: ours until they are acknowledged, and the peer's as they are now. */
export class SettingsExchange {
  readonly #options: Http2ConnectionOptions;
  readonly #isClient: boolean;
  #peer: Http2Settings = INITIAL_SETTINGS;
  #timer: NodeJS.Timeout | undefined;
  #acknowledged = false;

  constructor(options: Http2ConnectionOptions, isClient: boolean) {
    this.#options = options;
    this.#isClient = isClient;
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
    if (this.#acknowledged) return 0;
    return Math.max(0, DEFAULT_WINDOW_SIZE - this.#options.initialWindowSize);
  }

  /** Says ours; `onTimeout` if the peer does not acknowledge them in time. */
  send(output: FrameOutput, onTimeout: () => void): void {
    output.frame(FrameType.Settings, 0, 0, encodeSettings(this.#options, this.#isClient));
    const { settingsTimeoutMs } = this.#options;
    if (settingsTimeoutMs === 0) return;
    this.#timer = setTimeout(onTimeout, settingsTimeoutMs).unref();
  }

  /** The peer has acknowledged ours. Returns whether there was anything to acknowledge. */
  acknowledge(): boolean {
    if (this.#acknowledged) return false;
    this.#acknowledged = true;
    this.stop();
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
