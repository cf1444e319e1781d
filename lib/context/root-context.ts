import { AsyncResource } from 'node:async_hooks';

/**
 * The async context in which this module was loaded: that of the application's start, in which no
 * request, tenant or trace is under way. Only `createScope` ever runs in it, so that no `enterWith` of
 * the application can change it.
 */
const root = new AsyncResource('BACKCHANNEL_ROOT');

/**
 * A scope in the root context, for a connection to run its events in: what these create or schedule
 * (sockets, timers, promises, ticks) stays in the root context, whoever has triggered them.
 */
export function createRootScope(): AsyncResource {
  return root.runInAsyncScope(createScope);
}

/**
 * Runs `action` in a root scope of its own. For what outlives the call that needs it first, such as a
 * connection, and for listeners of the application that no call is the reason for.
 *
 * @returns what `action` returns.
 */
export function inRootContext<R>(action: () => R): R {
  return createRootScope().runInAsyncScope(action);
}

function createScope(): AsyncResource {
  return new AsyncResource('BACKCHANNEL_SCOPE');
}
