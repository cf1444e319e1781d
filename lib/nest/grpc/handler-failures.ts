import { status } from '@grpc/grpc-js';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import type { Observable } from 'rxjs';

/** An error from which grpc-js makes the status of a call. */
export interface Failure {
  code: status;
  details: string;
}

/**
 * The failure of a call whose handler gave no value, although its method has a response.
 *
 * The status is INTERNAL: the caller did nothing wrong, and a retry will not help. UNKNOWN, which Nest
 * uses for errors that a handler throws, would hide that the handler did not answer.
 */
export function noValue(methodName: string): Failure {
  return {
    code: status.INTERNAL,
    details: `the handler of ${methodName} completed without a value`,
  };
}

const nestFilter = new BaseRpcExceptionFilter();

/** Nest's own filter reads only the exception, so it needs no host. */
const NO_HOST = undefined as unknown as ArgumentsHost;

/**
 * The failure of a call for which no filter of Nest determined a status: a filter threw, or a handler
 * emitted a promise that was rejected. Nest's default filter handles the error: it sends an
 * `RpcException` to the caller, and only logs any other error.
 */
export function unfiltered(thrown: unknown): Observable<never> {
  return nestFilter.catch(thrown as Error, NO_HOST) as Observable<never>;
}

/** Callback variant of `unfiltered`. */
export function tellUnfiltered(thrown: unknown, callback: (failure: unknown) => void): void {
  unfiltered(thrown).subscribe({ error: callback });
}
