import { AsyncResource } from 'node:async_hooks';

/**
 * The async context in which this module was loaded. Applications load it when they start, so the context
 * belongs to no request, tenant or trace. Only `createScope` runs in this context, so the application cannot
 * change it by `AsyncLocalStorage.enterWith`.
 */
const root = new AsyncResource('BACKCHANNEL_ROOT');

/**
 * Creates a scope in the root context. A connection handles its events in such a scope. Sockets, timers,
 * promises and ticks that the handlers create then belong to the root context, whatever context triggered
 * the events.
 */
export function createRootScope(): AsyncResource {
  return root.runInAsyncScope(createScope);
}

/**
 * Runs `action` in a new root scope. Use it for resources that outlive the call that creates them, such as a
 * connection, and for listeners of the application that are not called on behalf of a call.
 *
 * @returns the result of `action`.
 */
export function inRootContext<R>(action: () => R): R {
  return createRootScope().runInAsyncScope(action);
}

function createScope(): AsyncResource {
  return new AsyncResource('BACKCHANNEL_SCOPE');
}
