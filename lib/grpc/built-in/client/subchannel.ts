import { connectivityState, type ChannelOptions } from '@grpc/grpc-js';
import { inRootContext } from '../../../context/index.js';
import { explainFailure } from '../../explain-failure.js';
import type { GoAway } from '../../grpc-engine.js';
import { Hold } from '../../hold.js';
import type { CallStatus } from '../../grpc-types.js';
import { http2OptionsOf } from '../http2-options.js';
import { asksForFewerPings } from '../keep-alive.js';
import { sessionMemoryOf } from '../message-limits.js';
import { Attempt } from './attempt.js';
import { Backoff } from './backoff.js';
import type { CallTransport, ChannelRouter, WaitingCall } from './call-router.js';
import { Connectivity } from './connectivity.js';
import type { Connected, Connector } from './connector.js';
import { IdleTimer } from './idle-timer.js';
import { closedStatus, heldStatus, unconnectedStatus } from './no-connection.js';
import { abandon, connectivityOf, type SubchannelState } from './subchannel-state.js';
import { Transport } from './transport.js';
import { WaitingCalls } from './waiting-calls.js';

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
    const transport = this.#transport();
    if (transport?.hasRoom === true) {
      const isNext = transport.isReady ? this.#waiting.size === 0 : call.mayBeginEarly === true;
      if (isNext) return call.begin(transport);
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
    const attempt = new Attempt(this.#backoff.next());
    this.#enter({ name: 'connecting', attempt, isRetry });
    if (attempt.isAborted) return; // A watcher has closed the channel.
    try {
      await attempt.connect(this.#connector, (connected) => {
        attempt.transport = this.#createTransport(connected);
        this.#serveWaiting(attempt.transport);
      });
    } catch (error) {
      this.#fail(attempt, explainFailure(error as Error));
    }
  }

  #createTransport(connected: Connected): Transport {
    const transport: Transport = new Transport(
      connected,
      {
        onReady: () => this.#setReady(transport),
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
          const attempt = this.#attemptOn(transport);
          if (attempt !== undefined) this.#fail(attempt, transport.explain(error));
        },
      },
      this.#options,
      this.#keepAliveTimeMs,
    );
    this.#transports.add(transport);
    return transport;
  }

  /** The attempt in progress, if `transport` is its connection. */
  #attemptOn(transport: Transport): Attempt | undefined {
    const state = this.#state;
    const isIt = state.name === 'connecting' && state.attempt.transport === transport;
    return isIt ? state.attempt : undefined;
  }

  #setReady(transport: Transport): void {
    this.#attemptOn(transport)?.stop();
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

  /**
   * `attempt` has failed, unless it has succeeded or was abandoned before. The pause begins now. In gRPC it
   * begins with the attempt: if attempts take longer than pauses, clients whose attempts fail at the same
   * moment would always retry at the same moment.
   */
  #fail(attempt: Attempt, error: Error): void {
    if (this.#state.name !== 'connecting' || this.#state.attempt !== attempt) return;
    attempt.stop();
    this.#lastError = error;
    this.#lastGoAway = undefined;
    const { retryInMs } = attempt;
    const timer = inRootContext(() =>
      setTimeout(() => void this.#tryToConnect(true), retryInMs).unref(),
    );
    this.#enter({ name: 'transient failure', timer, retryInMs });
    this.#waiting.failImpatient(this.#noConnection());
    this.#interruptAttempts();
  }

  /**
   * The connection on which calls begin. Before the SETTINGS of its peer, only early calls may, and none
   * while the channel fails.
   */
  #transport(): Transport | undefined {
    const state = this.#state;
    if (state.name === 'ready') return state.transport;
    return state.name === 'connecting' && !state.isRetry ? state.attempt.transport : undefined;
  }

  #serveWaiting(transport: Transport): void {
    this.#waiting.begin(transport, () => this.#transport() === transport);
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
