import { AsyncResource } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { Observable, Subscription } from 'rxjs';
import {
  func,
  like,
  millisecondsOrInfinity,
  verifyArgument,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import { setLongTimer } from '../wire/index.js';
import { NoPeerError } from './errors.js';
import type { PeerEvent } from './peer-event.js';
import type { Peer } from './peer.js';

/** Limits of `Registry.waitFor`. Without both it waits forever. */
export interface WaitForPeerOptions {
  /** Rejects the wait when it aborts. */
  signal?: AbortSignal;
  /** Maximum wait in milliseconds. Default: no limit. */
  deadlineMs?: number;
}

const RULES: Rules<WaitForPeerOptions> = {
  signal: like('an AbortSignal', (value) => value instanceof AbortSignal),
  deadlineMs: millisecondsOrInfinity,
};

const PREDICATE_RULE = func("a function of a peer, such as (peer) => peer.name === 'agent-7'");

/** The part of a `Registry` that `waitForPeer` uses. */
interface PeerSource extends Iterable<Peer> {
  readonly peers$: Observable<PeerEvent>;
}

/** @see Registry.waitFor */
export async function waitForPeer(
  registry: PeerSource,
  predicate: (peer: Peer) => boolean,
  options: WaitForPeerOptions,
): Promise<Peer> {
  const { signal, deadlineMs = Infinity } = verifyOptions('Registry.waitFor', RULES, options);
  verifyArgument('Registry.waitFor', 'first argument', PREDICATE_RULE, predicate);
  signal?.throwIfAborted();
  for (const peer of registry) if (predicate(peer)) return peer;

  const { promise, resolve, reject } = settleable<Peer>();
  // The registry emits in the root context, but the predicate must run in the context of the caller.
  const matches = AsyncResource.bind(predicate);
  const subscription: Subscription = registry.peers$.subscribe((event) => {
    try {
      if (event.type === 'connected' && matches(event.peer)) resolve(event.peer);
    } catch (error) {
      reject(error);
    }
  });
  const giveUp = (): void => reject(signal!.reason);
  // Node 20 warns of more than ten listeners on a signal. There is no leak: they are removed below.
  if (signal) setMaxListeners(0, signal);
  signal?.addEventListener('abort', giveUp);
  const stopTimer = setLongTimer(deadlineMs, () => reject(new NoPeerError(deadlineMs)));
  try {
    return await promise;
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', giveUp);
    subscription.unsubscribe();
  }
}

/** Equivalent of `Promise.withResolvers`, which Node 20 does not have. */
function settleable<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
