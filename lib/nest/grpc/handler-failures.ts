import { status } from '@grpc/grpc-js';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import type { Observable } from 'rxjs';

/** What grpc-js makes the status of a call from. */
export interface Failure {
  code: status;
  details: string;
}

/**
 * How a call ends whose handler gave no value where its method promises one.
 *
 * INTERNAL: the caller did nothing wrong, and trying again will not help. UNKNOWN, which is Nest's for
 * whatever a handler throws, would hide that the handler forgot to answer rather than failed to.
 */
export function noValue(methodName: string): Failure {
  return {
    code: status.INTERNAL,
    details: `the handler of ${methodName} completed without a value`,
  };
}

const nestFilter = new BaseRpcExceptionFilter();

/** Nest's own filter looks at the exception only. */
const NO_HOST = undefined as unknown as ArgumentsHost;

/**
 * How a call ends for which no filter of Nest found a status: a filter threw, or a handler emitted a
 * promise that was rejected. It is as if the handler had thrown, and no filter were there: of an
 * `RpcException` callers are told, of all else only the log.
 */
export function unfiltered(thrown: unknown): Observable<never> {
  return nestFilter.catch(thrown as Error, NO_HOST) as Observable<never>;
}

/** The same where it is not an observable that is wanted. */
export function tellUnfiltered(thrown: unknown, callback: (failure: unknown) => void): void {
  unfiltered(thrown).subscribe({ error: callback });
}
