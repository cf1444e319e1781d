import { connectivityState, status, type ChannelOptions } from '@grpc/grpc-js';
import { inRootContext } from '../../../context/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { GoAway } from '../../grpc-engine.js';
import type { CallStatus } from '../../grpc-types.js';
import { http2OptionsOf } from '../http2-options.js';
import { sessionMemoryOf } from '../message-limits.js';
import { Backoff } from './backoff.js';
import type { Connectivity } from './connectivity.js';
import type { Connected, Connector } from './connector.js';
import { IdleTimer } from './idle-timer.js';
import { statusOf } from './status-of-end.js';
import { Transport } from './transport.js';

/** Milliseconds that an attempt to connect may take at least (gRPC, "Connection Backoff Protocol"). */
const MIN_CONNECT_TIMEOUT_MS = 20_000;

/** A call that wants a connection. */
export interface WaitingCall {
  /** Whether to wait even while there is no connection to be had. */
  readonly waitsForReady: boolean;
  /** Here it is, with room for the call. */
  begin(transport: Transport): void;
  /** There will be none. */
  fail(status: CallStatus): void;
}

/**
 * Keeps at most one connection of a channel, for calls to begin on. Connects when it is asked to, and
 * goes on trying, ever more slowly, until it has connected.
 */
export class Subchannel {
  readonly #connector: Connector;
  readonly #connectivity: Connectivity;
  readonly #options: ChannelOptions;
  readonly #backoff: Backoff;
  readonly #idle: IdleTimer;
  readonly #waiting = new Set<WaitingCall>();
  /** Every connection that is not over: the current one, and those that only finish their calls. */
  readonly #transports = new Set<Transport>();
  /** The one that calls begin on. */
  #current: Transport | undefined;
  #attempt: AbortController | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #lastError: Error | undefined;
  #lastGoAway: GoAway | undefined;
  #keepAliveTimeMs: number;
  /** Keeps the process alive while calls wait. */
  #alive: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connector: Connector, connectivity: Connectivity, options: ChannelOptions) {
    this.#connector = connector;
    this.#connectivity = connectivity;
    // A bad one is to be told now.
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

  /** Why there is no connection: what the last attempt, or the last connection, ended with. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** What made it leave its last connection, if that was the other end's wish. */
  get lastGoAway(): GoAway | undefined {
    return this.#lastGoAway;
  }

  /** Begins to connect, unless it has or does already. */
  connect(): void {
    this.#idle.touch();
    if (this.#closed || this.#current || this.#attempt || this.#retryTimer) return;
    // The connection outlives the call that it is made for, and serves others.
    inRootContext(() => {
      this.#connectivity.set(connectivityState.CONNECTING);
      void this.#tryToConnect();
    });
  }

  /** Gives `call` a connection: at once, later, or never. */
  pick(call: WaitingCall): void {
    const transport = this.#current;
    if (transport !== undefined && transport.hasRoom && this.#waiting.size === 0) {
      call.begin(transport);
      return;
    }
    if (this.#closed) return call.fail(closedStatus());
    this.connect();
    const isFailing = this.#connectivity.state === connectivityState.TRANSIENT_FAILURE;
    if (isFailing && !call.waitsForReady) return call.fail(this.#noConnection());
    this.#waiting.add(call);
    this.#alive ??= inRootContext(() => setInterval(() => {}, MAX_TIMEOUT_MS));
  }

  /** `call` wants none any more. */
  forget(call: WaitingCall): void {
    this.#waiting.delete(call);
    this.#letProcessEnd();
  }

  /** Whether calls may still begin on `transport`. */
  isCurrent(transport: Transport): boolean {
    return transport === this.#current;
  }

  /** A call has begun. */
  callStarted(): void {
    this.#idle.callStarted();
  }

  /** A call is over. */
  callEnded(): void {
    this.#idle.callEnded();
  }

  /** Connects no more. Calls that have begun go on; those that wait fail. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connectivity.set(connectivityState.SHUTDOWN);
    this.#idle.stop();
    this.#stopTrying();
    this.#failWaiting(closedStatus(), () => true);
    this.#current = undefined;
    for (const transport of this.#transports) transport.drain();
    this.#connector.destroy();
  }

  async #tryToConnect(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const retryInMs = this.#backoff.next();
    const timer = setTimeout(
      () => attempt.abort(new Error('no connection in time')),
      Math.max(MIN_CONNECT_TIMEOUT_MS, retryInMs),
    ).unref();
    try {
      await this.#establish(attempt.signal);
    } catch (error) {
      if (this.#attempt !== attempt) return; // Given up meanwhile.
      // gRPC counts from the beginning of the attempt. Clients that one failure brought into step would
      // stay in it for as long as attempts take longer than waits.
      this.#fail(error as Error, retryInMs);
    } finally {
      clearTimeout(timer);
      if (this.#attempt === attempt) this.#attempt = undefined;
    }
  }

  /** Resolves when calls may begin. */
  async #establish(signal: AbortSignal): Promise<void> {
    const connected = await unlessAborted(this.#connector.connect(signal), signal);
    await new Promise<void>((resolve, reject) => {
      const transport: Transport = new Transport(
        connected,
        {
          onReady: () => {
            this.#setCurrent(transport);
            resolve();
          },
          onRoom: () => this.#serveWaiting(transport),
          onDraining: (goAway) => {
            if (goAway.message === 'too_many_pings') this.#keepAliveTimeMs *= 2;
            if (this.#current === transport) this.#lastGoAway = goAway;
            this.#leave(transport);
          },
          onClose: (error) => {
            this.#transports.delete(transport);
            if (this.#current === transport) this.#lastError = error;
            this.#leave(transport);
            reject(error ?? new Error('the connection was closed'));
          },
        },
        this.#options,
        this.#keepAliveTimeMs,
      );
      this.#transports.add(transport);
      this.#destroyOnAbort(transport, signal);
    });
  }

  /** Apart from what its transport is told by, which must not keep the signal for as long as that lives. */
  #destroyOnAbort(transport: Transport, signal: AbortSignal): void {
    const destroy = (): void => {
      if (!this.isCurrent(transport)) transport.destroy(signal.reason as Error);
    };
    if (signal.aborted) destroy();
    else signal.addEventListener('abort', destroy);
  }

  #setCurrent(transport: Transport): void {
    this.#attempt = undefined;
    this.#lastError = undefined;
    this.#lastGoAway = undefined;
    this.#backoff.reset();
    this.#current = transport;
    this.#connectivity.set(connectivityState.READY);
    this.#serveWaiting(transport);
  }

  /** No more calls begin on `transport`. */
  #leave(transport: Transport): void {
    if (this.#current !== transport) return;
    this.#current = undefined;
    this.#connectivity.set(connectivityState.IDLE);
    if (this.#waiting.size > 0) this.connect();
  }

  #fail(error: Error, retryInMs: number): void {
    this.#lastError = error;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#tryToConnect();
    }, retryInMs).unref();
    this.#connectivity.fail();
    this.#failWaiting(this.#noConnection(), (call) => !call.waitsForReady);
  }

  #serveWaiting(transport: Transport): void {
    for (const call of this.#waiting) {
      if (this.#current !== transport || !transport.hasRoom) return;
      this.#waiting.delete(call);
      call.begin(transport);
    }
    this.#letProcessEnd();
  }

  #failWaiting(why: CallStatus, which: (call: WaitingCall) => boolean): void {
    for (const call of this.#waiting) {
      if (!which(call)) continue;
      this.#waiting.delete(call);
      call.fail(why);
    }
    this.#letProcessEnd();
  }

  #letProcessEnd(): void {
    if (this.#waiting.size > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  #enterIdle(): void {
    this.#stopTrying();
    const transport = this.#current;
    this.#current = undefined;
    transport?.drain();
    this.#connectivity.set(connectivityState.IDLE);
  }

  #stopTrying(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort(new Error('the channel was closed'));
  }

  #noConnection(): CallStatus {
    const error: (Error & { syscall?: string }) | undefined = this.#lastError;
    if (error?.syscall === 'getaddrinfo') {
      return statusOf(status.UNAVAILABLE, `Name resolution failed: ${error.message}`);
    }
    const why = String(error ?? 'unknown');
    return statusOf(status.UNAVAILABLE, `No connection established. Last error: ${why}`);
  }
}

/** What `connecting` gives, unless `signal` aborts first; what comes too late is closed. */
function unlessAborted(connecting: Promise<Connected>, signal: AbortSignal): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    connecting.then((connected) => {
      signal.removeEventListener('abort', giveUp);
      if (signal.aborted) connected.stream.destroy();
      else resolve(connected);
    }, reject);
  });
}

function closedStatus(): CallStatus {
  return statusOf(status.UNAVAILABLE, 'Channel closed before call started');
}
