import {
  connectivityState,
  status,
  type CallCredentials,
  type ChannelInterface,
  type ChannelOptions,
  type Deadline,
} from '@grpc/grpc-js';
import type { DialChannel, GoAway } from '../../grpc-engine.js';
import type { Call, ParentCall } from '../../grpc-types.js';
import { verifyHold } from '../../hold.js';
import { takeParent } from '../../parent-calls.js';
import { isDeadline, toMs } from '../timeout-header.js';
import { ClientCall } from './client-call.js';
import { ClientCallSettings } from './client-call-settings.js';
import type { CallRouter, ChannelRouter } from './call-router.js';
import { Connectivity } from './connectivity.js';

/** `propagate.DEFAULTS` of grpc-js: all flags. */
const PROPAGATE_ALL = 0xffff;

/** Facts about the target of a channel. */
export interface ChannelTarget {
  /** Result of `getTarget`, and peer name of calls without a connection. */
  readonly name: string;
  /** `:authority` of the calls, unless the option `grpc.default_authority` is set. */
  readonly authority: string;
  /** Combined with the credentials of each call. Default: none. */
  readonly callCredentials?: CallCredentials | undefined;
}

/**
 * A channel with the interface of grpc-js, for the option `channelOverride` of stubs. Its router gives each
 * call a connection. The usual router is a `Subchannel`, which keeps one connection at a time.
 */
export class BuiltInChannel implements DialChannel {
  readonly #target: string;
  readonly #settings: ClientCallSettings;
  readonly #connectivity: Connectivity;
  readonly #router: ChannelRouter;

  /** @param router - belongs to the channel, which closes it. */
  constructor(target: ChannelTarget, router: ChannelRouter, options: ChannelOptions) {
    this.#target = target.name;
    this.#router = router;
    this.#connectivity = router.connectivity ?? new Connectivity(connectivityState.READY);
    this.#settings = new ClientCallSettings(
      target.name,
      options['grpc.default_authority'] ?? target.authority,
      target.callCredentials,
      options,
    );
  }

  /** Whether `channel` is one, not a proxy for one. */
  static is(channel: ChannelInterface): channel is BuiltInChannel {
    return #router in channel;
  }

  /** Router of the calls, to which other routers may pass calls on. */
  get router(): CallRouter {
    return this.#router;
  }

  get lastError(): Error | undefined {
    return this.#router.lastError;
  }

  onFailedAgain(listener: () => void): void {
    this.#connectivity.onFailedAgain(listener);
  }

  get lastGoAway(): GoAway | undefined {
    return this.#router.lastGoAway;
  }

  hold(ms: number): void {
    verifyHold(ms);
    this.#router.hold?.(ms);
  }

  get heldMs(): number {
    return this.#router.heldMs ?? 0;
  }

  close(): void {
    this.#router.close();
    this.#connectivity.set(connectivityState.SHUTDOWN);
  }

  getTarget(): string {
    return this.#target;
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    const { state } = this.#connectivity;
    if (tryToConnect) this.#router.connect?.();
    return state;
  }

  watchConnectivityState(
    currentState: connectivityState,
    deadline: Deadline,
    callback: (error?: Error) => void,
  ): void {
    this.#connectivity.watch(currentState, deadline, callback);
  }

  /** Returns a placeholder: these channels do not support channelz. */
  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    const kind = 'channel' as ReturnType<ChannelInterface['getChannelzRef']>['kind'];
    return { kind, id: 0, name: this.#target };
  }

  createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parentCall: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): Call {
    if (typeof method !== 'string') {
      throw new TypeError('Channel#createCall: method must be a string');
    }
    if (!isDeadline(deadline)) {
      throw new TypeError('Channel#createCall: deadline must be a number or Date');
    }
    if (this.#connectivity.state === connectivityState.SHUTDOWN) {
      throw closed();
    }
    const parent = parentCall ?? takeParent();
    const call = new ClientCall(this.#router, this.#settings, method, toMs(deadline), host);
    if (parent) call.follow(parent, propagateFlags ?? PROPAGATE_ALL);
    return call;
  }
}

/** The error of grpc-js, with a status added for callers whose peer has just left. */
function closed(): Error {
  const details = 'Channel has been shut down';
  return Object.assign(new Error(details), { code: status.UNAVAILABLE, details });
}
