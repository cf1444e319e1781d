import { Channel, type connectivityState, type Deadline, propagate } from '@grpc/grpc-js';
import { AsyncResource } from 'node:async_hooks';
import { inRootContext } from '../../context/index.js';
import type { Call, ParentCall } from '../grpc-types.js';
import { takeParent } from '../parent-calls.js';
import { ContextCall } from './context-call.js';

/** `propagate.DEFAULTS` of grpc-js: all flags. */
const PROPAGATE_ALL = 0xffff;

/**
 * A channel of grpc-js with connections in the root async context and calls in the context of their
 * callers. Calls leave no listener on their parent when they end.
 */
export class ContextChannel extends Channel {
  override getConnectivityState(tryToConnect: boolean): connectivityState {
    return inRootContext(() => super.getConnectivityState(tryToConnect));
  }

  override watchConnectivityState(
    currentState: connectivityState,
    deadline: Deadline,
    callback: (error?: Error) => void,
  ): void {
    const bound = AsyncResource.bind(callback);
    inRootContext(() => super.watchConnectivityState(currentState, deadline, bound));
  }

  override createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parentCall: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): Call {
    const parent = parentCall ?? takeParent();
    const flags = propagateFlags ?? PROPAGATE_ALL;
    const hasDeadline = parent && flags & propagate.DEADLINE;
    const call = new ContextCall(
      inRootContext(() =>
        super.createCall(
          method,
          hasDeadline ? earlier(deadline, parent.getDeadline()) : deadline,
          host,
          null,
          propagateFlags,
        ),
      ),
    );
    if (parent) call.follow(parent, flags);
    return call;
  }
}

function earlier(one: Deadline, other: Deadline): Deadline {
  return Number(one) < Number(other) ? one : other;
}
