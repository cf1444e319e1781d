import { status } from '@grpc/grpc-js';
import type { CallStatus } from '../../grpc-types.js';
import { heldProblem } from '../../hold.js';
import { statusOf } from './status-of-end.js';

/** Reason of an attempt that ends because its channel is closed or idle. */
export const CHANNEL_CLOSED = new Error('the channel was closed');

/** Returns the status of a call that waits for a connection when its channel is closed. */
export function closedStatus(): CallStatus {
  return statusOf(status.UNAVAILABLE, 'Channel closed before call started');
}

/** Returns the status of a call during a hold that lasts for another `leftMs` milliseconds. */
export function heldStatus(leftMs: number): CallStatus {
  const { code, details } = heldProblem(leftMs);
  return statusOf(code, details);
}

/** Returns the status of a call whose channel cannot connect. `error` is that of the last attempt. */
export function unconnectedStatus(error: (Error & { syscall?: string }) | undefined): CallStatus {
  if (error?.syscall === 'getaddrinfo') {
    return statusOf(status.UNAVAILABLE, `Name resolution failed: ${error.message}`);
  }
  const why = String(error ?? 'unknown');
  return statusOf(status.UNAVAILABLE, `No connection established. Last error: ${why}`);
}
