import { connectivityState, type ChannelOptions } from '@grpc/grpc-js';
import { inRootContext } from '../../../context/index.js';
import { explainFailure } from '../../explain-failure.js';
import type { GoAway } from '../../grpc-engine.js';
import { Hold } from '../../hold.js';
import type { CallStatus } from '../../grpc-types.js';
import { http2OptionsOf } from '../http2-options.js';
import { asksForFewerPings } from '../keep-alive.js';
import { sessionMemoryOf } from '../message-limits.js';
import { Backoff } from './backoff.js';
import type { CallTransport, ChannelRouter, WaitingCall } from './call-router.js';
import { Connectivity } from './connectivity.js';
import type { Connected, Connector } from './connector.js';
import { IdleTimer } from './idle-timer.js';
import { closedStatus, heldStatus, unconnectedStatus } from './no-connection.js';
import { abandon, connectivityOf, type SubchannelState } from './subchannel-state.js';
import { Transport } from './transport.js';
import { unlessAborted } from './unless-aborted.js';
import { WaitingCalls } from './waiting-calls.js';

/** Minimum time limit of an attempt to connect, in milliseconds (gRPC, "Connection Backoff Protocol"). */
const MIN_CONNECT_TIMEOUT_MS = 20_000;

const IDLE: SubchannelState = { name: 'idle', resumes: false };

/**
 * Manages the connections of a channel. Calls begin on at most one of them. Connects on demand, and retries
 * with growing pauses until an attempt succeeds. Reports its state to the watchers of the channel.
 */
export class Subchannel implements ChannelRouter {
  readonly connectivity = new Connectivity();
  readonly #connector: Connector;
  readonly #options: ChannelOptions;
  readonly #backoff: Backoff;
  readonly #idle: IdleTimer;
  readonly #waiting = new WaitingCalls();
  readonly #hold = new Hold(() => this.#connectIfNeeded());
  /** All open connections: the current one, and others that only finish their calls. */
  readonly #transports = new Set<Transport>();
  #state: SubchannelState = IDLE;
  #lastError: Error | undefined;
  #lastGoAway: GoAway | undefined;
  #keepAliveTimeMs: number;

  constructor(connector: Connector, options: ChannelOptions) {
    this.#connector = connector;
    // Both throw for an invalid option.
    http2OptionsOf(options, true);
    sessionMemoryOf(options);
    this.#options = options;
    this.#keepAliveTimeMs = options['grpc.keepalive_time_ms'] ?? -1;
    this.#backoff = new Backoff(
      options['grpc.initial_reconnect_backoff_ms'],
      options['grpc.max_reconnect_backoff_ms'],
    );
    this.#idle = new IdleTimer(options['grpc.client_idle_timeout_ms'], () => this.#enterIdle());
  }

  /** Error of the last attempt or connection; undefined while a connection is ready. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  get lastGoAway(): GoAway | undefined {
    return this.#lastGoAway;
  }

  /** Begins to connect, if there is neither a connection nor an attempt. */
  connect(): void {
    this.#idle.touch();
    if (this.#state.name !== 'idle' || this.heldMs > 0) return;
    // The connection outlives the call that needs it first, and serves others.
    inRootContext(() => void this.#tryToConnect(false));
  }

  get heldMs(): number {
    return this.#hold.leftMs;
  }

  hold(ms: number): void {
    if (this.#state.name === 'shutdown') return;
    inRootContext(() => this.#hold.begin(ms));
    if (ms <= 0) this.#connectIfNeeded();
    // All watchers of a failure see it before its state ends, and any of them may end the hold.
    else queueMicrotask(() => this.#interruptAttempts());
  }

  pick(call: WaitingCall): void {
    const state = this.#state;
    if (state.name === 'ready' && state.transport.hasRoom && this.#waiting.size === 0) {
      return call.begin(state.transport);
    }
    this.connect();
    // A watcher of the channel may have closed it just now.
    if (this.#state.name === 'shutdown') return call.fail(closedStatus());
    const isFailing = connectivityOf(this.#state) === connectivityState.TRANSIENT_FAILURE;
    const isHeld = this.#state.name === 'idle' && this.heldMs > 0;
    if ((isFailing || isHeld) && !call.waitsForReady) return call.fail(this.#noConnection());
    this.#waiting.add(call);
  }

  forget(call: WaitingCall): void {
    this.#waiting.forget(call);
  }

  isCurrent(transport: CallTransport): boolean {
    return this.#state.name === 'ready' && this.#state.transport === transport;
  }

  callStarted(): void {
    this.#idle.callStarted();
  }

  callEnded(): void {
    this.#idle.callEnded();
  }

  /** Closes the connections after their last call, and fails waiting calls. Makes no new connection. */
  close(): void {
    const last = this.#state;
    if (last.name === 'shutdown') return;
    this.#enter({ name: 'shutdown' });
    this.#idle.stop();
    this.#hold.begin(0);
    abandon(last);
    this.#waiting.failAll(closedStatus());
    for (const transport of this.#transports) transport.drain();
    this.#connector.destroy();
  }

  /** Changes the state. Watchers of the channel are called within, and may cause the next change. */
  #enter(state: SubchannelState): void {
    this.#state = state;
    if (state.name === 'transient failure') this.connectivity.fail();
    else this.connectivity.set(connectivityOf(state));
  }

  async #tryToConnect(isRetry: boolean): Promise<void> {
    const attempt = new AbortController();
    this.#enter({ name: 'connecting', attempt, isRetry });
    if (attempt.signal.aborted) return; // A watcher has closed the channel.
    const retryInMs = this.#backoff.next();
    const timer = setTimeout(
      () => attempt.abort(new Error('no connection in time')),
      Math.max(MIN_CONNECT_TIMEOUT_MS, retryInMs),
    ).unref();
    try {
      await this.#establish(attempt.signal);
    } catch (error) {
      // The pause begins when the attempt fails. In gRPC it begins with the attempt: if attempts take
      // longer than pauses, clients whose attempts fail at the same moment would always retry at the same
      // moment.
      if (this.#isInProgress(attempt)) this.#fail(explainFailure(error as Error), retryInMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether `attempt` has neither succeeded nor been abandoned. */
  #isInProgress(attempt: AbortController): boolean {
    return this.#state.name === 'connecting' && this.#state.attempt === attempt;
  }

  /**
   * Makes a connection. Resolves when calls may begin on it.
   *
   * @throws Error (as a rejection) if the attempt fails or is aborted.
   */
  async #establish(signal: AbortSignal): Promise<void> {
    const connected = await unlessAborted(this.#connector.connect(signal), signal);
    await new Promise<void>((resolve, reject) => {
      const transport = this.#createTransport(connected, resolve, reject);
      const destroy = (): void => {
        if (!this.isCurrent(transport)) transport.destroy(signal.reason as Error);
      };
      if (signal.aborted) destroy();
      else signal.addEventListener('abort', destroy);
    }).catch((error: Error) => {
      throw explainFailure(error, {
        secure: connected.secure,
        bytesRead: connected.info?.bytesRead,
      });
    });
  }

  #createTransport(
    connected: Connected,
    onReady: () => void,
    onFailure: (error: Error) => void,
  ): Transport {
    const transport: Transport = new Transport(
      connected,
      {
        onReady: () => {
          this.#setReady(transport);
          onReady();
        },
        onRoom: () => this.#serveWaiting(transport),
        onDraining: (goAway) => {
          if (asksForFewerPings(goAway)) this.#keepAliveTimeMs *= 2;
          if (this.isCurrent(transport)) this.#lastGoAway = goAway;
          this.#leave(transport);
        },
        onClose: (error) => {
          this.#transports.delete(transport);
          if (this.isCurrent(transport)) this.#lastError = error;
          this.#leave(transport);
          onFailure(error ?? new Error('the connection was closed'));
        },
      },
      this.#options,
      this.#keepAliveTimeMs,
    );
    this.#transports.add(transport);
    return transport;
  }

  #setReady(transport: Transport): void {
    this.#lastError = undefined;
    this.#lastGoAway = undefined;
    this.#backoff.reset();
    this.#enter({ name: 'ready', transport });
    this.#serveWaiting(transport);
  }

  /** Begins no more calls on `transport`, if it is the current one. */
  #leave(transport: Transport): void {
    if (!this.isCurrent(transport)) return;
    this.#enter(IDLE);
    this.#connectIfNeeded();
    // The peer may have told this side to stay away: only calls that wait for readiness wait so long.
    if (this.heldMs > 0) this.#waiting.failImpatient(this.#noConnection());
  }

  /** Connects if calls wait, or if a hold has interrupted attempts. */
  #connectIfNeeded(): void {
    const state = this.#state;
    if (this.#waiting.size > 0 || (state.name === 'idle' && state.resumes)) this.connect();
  }

  /**
   * Ends the attempts that follow a failed one, if the channel is held. The hold is extended by the backoff,
   * so that a short hold does not replace it, and clients that are held alike do not return together.
   */
  #interruptAttempts(): void {
    const state = this.#state;
    if (state.name !== 'transient failure' || this.heldMs === 0) return;
    inRootContext(() => this.#hold.begin(this.heldMs + state.retryInMs));
    this.#enterIdle(true);
  }

  #fail(error: Error, retryInMs: number): void {
    this.#lastError = error;
    this.#lastGoAway = undefined;
    const timer = setTimeout(() => void this.#tryToConnect(true), retryInMs).unref();
    this.#enter({ name: 'transient failure', timer, retryInMs });
    this.#waiting.failImpatient(this.#noConnection());
    this.#interruptAttempts();
  }

  #serveWaiting(transport: Transport): void {
    this.#waiting.begin(transport, () => this.isCurrent(transport));
  }

  #enterIdle(resumes = false): void {
    const last = this.#state;
    this.#enter({ name: 'idle', resumes });
    abandon(last);
    if (last.name === 'ready') last.transport.drain();
  }

  #noConnection(): CallStatus {
    const isHeld = this.#state.name === 'idle' && this.heldMs > 0;
    return isHeld ? heldStatus(this.heldMs) : unconnectedStatus(this.#lastError);
  }
}
