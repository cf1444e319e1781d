import { AsyncResource } from 'node:async_hooks';

/**
 * The async context in which this module was loaded: that of the start of the application, without any
 * request, tenant or trace. Only `createScope` runs in it, so an `enterWith` of the application cannot
 * change it.
 */
const root = new AsyncResource('BACKCHANNEL_ROOT');

/**
 * Creates a scope in the root context, in which a connection runs its events. Sockets, timers, promises
 * and ticks that the events create stay in the root context, whatever context triggered them.
 */
export function createRootScope(): AsyncResource {
  return root.runInAsyncScope(createScope);
}

/**
 * Runs `action` in a new root scope. For resources that outlive the call that first needs them, such as a
 * connection, and for listeners of the application that no call triggers.
 *
 * @returns the result of `action`.
 */
export function inRootContext<R>(action: () => R): R {
  return createRootScope().runInAsyncScope(action);
}

function createScope(): AsyncResource {
  return new AsyncResource('BACKCHANNEL_SCOPE');
}
