import {
  connectivityState,
  status,
  type ChannelInterface,
  type ChannelOptions,
  type Deadline,
} from '@grpc/grpc-js';
import type { DialChannel, GoAway } from '../../grpc-engine.js';
import type { Call, ParentCall } from '../../grpc-types.js';
import { takeParent } from '../../parent-calls.js';
import { isDeadline, toMs } from '../timeout-header.js';
import { ClientCall } from './client-call.js';
import { ClientCallSettings } from './client-call-settings.js';
import type { Connector } from './connector.js';
import { Connectivity } from './connectivity.js';
import { Subchannel } from './subchannel.js';

/** `propagate.DEFAULTS` of grpc-js: all flags. */
const PROPAGATE_ALL = 0xffff;

/**
 * A channel with the interface of grpc-js, for the option `channelOverride` of stubs. It has one connection
 * at a time. Calls wait for the connection, and for a free stream; a lost connection is dialed again on
 * demand.
 */
export class BuiltInChannel implements DialChannel {
  readonly #target: string;
  readonly #settings: ClientCallSettings;
  readonly #connectivity = new Connectivity();
  readonly #subchannel: Subchannel;

  /**
   * @param target - result of `getTarget`.
   * @param authority - value of `:authority`, unless `grpc.default_authority` is set.
   */
  constructor(target: string, authority: string, connector: Connector, options: ChannelOptions) {
    this.#target = target;
    this.#subchannel = new Subchannel(connector, this.#connectivity, options);
    this.#settings = new ClientCallSettings(
      target,
      options['grpc.default_authority'] ?? authority,
      connector.callCredentials,
      options,
    );
  }

  get lastError(): Error | undefined {
    return this.#subchannel.lastError;
  }

  onFailedAgain(listener: () => void): void {
    this.#connectivity.onFailedAgain(listener);
  }

  get lastGoAway(): GoAway | undefined {
    return this.#subchannel.lastGoAway;
  }

  close(): void {
    this.#subchannel.close();
  }

  getTarget(): string {
    return this.#target;
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    const { state } = this.#connectivity;
    if (tryToConnect) this.#subchannel.connect();
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
    const call = new ClientCall(this.#subchannel, this.#settings, method, toMs(deadline), host);
    if (parent) call.follow(parent, propagateFlags ?? PROPAGATE_ALL);
    return call;
  }
}

/** The error of grpc-js, with a status added for callers whose peer has just left. */
function closed(): Error {
  const details = 'Channel has been shut down';
  return Object.assign(new Error(details), { code: status.UNAVAILABLE, details });
}
