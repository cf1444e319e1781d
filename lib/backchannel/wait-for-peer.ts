import { AsyncResource } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { Observable, Subscription } from 'rxjs';
import { like, millisecondsOrInfinity, verifyOptions, type Rules } from '../options/index.js';
import { setLongTimer } from '../wire/index.js';
import { NoPeerError } from './errors.js';
import type { PeerEvent } from './peer-event.js';
import type { Peer } from './peer.js';

/** How long to wait for a peer; without both for ever. */
export interface WaitForPeerOptions {
  /** Gives up when it aborts. */
  signal?: AbortSignal;
  /** Milliseconds to wait at most. */
  deadlineMs?: number;
}

const RULES: Rules<WaitForPeerOptions> = {
  signal: like('an AbortSignal', (value) => value instanceof AbortSignal),
  deadlineMs: millisecondsOrInfinity,
};

/** The part of a `Registry` that waiting needs. */
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
  signal?.throwIfAborted();
  for (const peer of registry) if (predicate(peer)) return peer;

  const { promise, resolve, reject } = settleable<Peer>();
  // The registry tells in the root context; the predicate is the caller's.
  const matches = AsyncResource.bind(predicate);
  const subscription: Subscription = registry.peers$.subscribe((event) => {
    try {
      if (event.type === 'connected' && matches(event.peer)) resolve(event.peer);
    } catch (error) {
      reject(error);
    }
  });
  const giveUp = (): void => reject(signal!.reason);
  // Node 20 warns of more than ten listeners of a signal, which is no leak: they are removed below.
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

/** `Promise.withResolvers`, which Node 20 does not have. */
function settleable<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
