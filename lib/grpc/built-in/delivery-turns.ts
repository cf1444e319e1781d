import type { AsyncResource } from 'node:async_hooks';
import { Fifo } from '../../wire/index.js';
import { callTime } from './delivery-time.js';

/** Calls that are delivered between two looks at the clock. */
const CALLS_PER_LOOK = 8;
/**
 * Calls that are delivered before microtasks run. Fewer would split the frames of one turn into more writes.
 */
const CALLS_AT_A_TIME = 128;

/** A call with events for user code. */
export interface Deliverable {
  /** The async context of the delivery. */
  readonly scope: AsyncResource;
  /** Delivers the events. Runs user code, which may throw. */
  deliver(): void;
}

/** Calls that wait, in order. */
const waiting = new Fifo<Deliverable>();
let deliveries = 0;
/** `paused`: other calls wait for microtasks, or for the next turn. */
let state: 'open' | 'paused' = 'open';

/**
 * Delivers the events of `call` on the next tick. Most of a handler runs in microtasks, and Node runs all
 * ticks before any microtask. So the microtasks of some calls run before further calls are delivered. When the
 * time of this turn is used up, further calls wait for the next turn.
 */
export function deliverSoon(call: Deliverable): void {
  process.nextTick(deliver, call);
}

function deliver(call: Deliverable): void {
  if (state === 'open' && waiting.isEmpty) run(call);
  else waiting.push(call);
}

function run(call: Deliverable): void {
  deliveries += 1;
  if (deliveries % CALLS_PER_LOOK === 0) {
    if (deliveries % CALLS_AT_A_TIME === 0 || callTime.isUp()) {
      state = 'paused';
      queueMicrotask(endPause);
    } else releaseSome();
  }
  call.scope.runInAsyncScope(call.deliver, call);
}

/** Releases calls by ticks, which run after all microtasks; in the next turn if the time is used up. */
function endPause(): void {
  if (callTime.isUp()) return void setImmediate(endPause);
  state = 'open';
  releaseSome();
}

/** Schedules up to `CALLS_PER_LOOK` waiting calls. The last one of them looks at the clock, and goes on. */
function releaseSome(): void {
  for (let i = 0; i < CALLS_PER_LOOK && !waiting.isEmpty; i += 1) {
    process.nextTick(run, waiting.shift()!);
  }
}
