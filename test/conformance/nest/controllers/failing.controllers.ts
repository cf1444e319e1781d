import { Metadata, status } from '@grpc/grpc-js';
import {
  BadRequestException,
  Catch,
  Controller,
  UseFilters,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type RpcExceptionFilter,
} from '@nestjs/common';
import * as microservices from '@nestjs/microservices';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { nestMajor } from '../../../fixtures/nest/major.js';
import { keyOf, metadataIn } from '../harness/journals.js';
import { sixFailures, sixKinds } from '../harness/six-kinds.js';

// Nest 11 has none of them.
const { GrpcException, GrpcExceptionFilter, GrpcStatus } = microservices;

/** The metadata that says what a handler is to throw. */
export const THROWN = 'thrown';

/** What handlers may throw, by name. */
const thrown: Record<string, (key: string) => Error> = {
  'an RpcException of an object': (key) =>
    new RpcException({ code: status.ABORTED, message: `no quorum ${key}` }),
  'an RpcException of an object with details': () =>
    new RpcException({ code: status.ABORTED, details: 'no quorum: 1/3', message: 'not told' }),
  'an RpcException of a string': () => new RpcException('just words'),
  'an RpcException with metadata': () =>
    new RpcException({ code: status.ABORTED, details: 'with metadata', metadata: trailers() }),
  'a failure of another call': () =>
    new RpcException(
      Object.assign(new Error('14 UNAVAILABLE: gone'), {
        code: status.UNAVAILABLE,
        details: 'gone',
      }),
    ),
  'a GrpcException': () => new GrpcException('not there', GrpcStatus.NOT_FOUND),
  'an Error': () => new Error('a secret'),
  'an HttpException': () => new BadRequestException('a secret'),
};

function trailers(): Metadata {
  const metadata = new Metadata();
  metadata.add('why', 'one');
  metadata.add('why', 'two');
  metadata.set('grpc-status-details-bin', Buffer.from([8, 10]));
  return metadata;
}

function fail(metadata: Metadata): never {
  throw thrown[String(metadata.get(THROWN)[0])]!(keyOf(metadata));
}

@Controller()
export class FailingController extends sixFailures('Failing', fail) {}

@Controller()
@UseFilters(nestMajor < 12 ? new BaseRpcExceptionFilter() : new GrpcExceptionFilter())
export class FilteredController extends sixFailures('Filtered', fail) {}

/** As filters for HTTP do, it throws what it should return an observable of. */
@Catch()
class ThrowingFilter implements RpcExceptionFilter {
  catch(exception: Error): Observable<never> {
    if (exception instanceof RpcException) throw exception;
    return throwError(() => exception);
  }
}

@Controller()
@UseFilters(ThrowingFilter)
export class BrokenFilterController extends sixFailures('BrokenFilter', fail) {}

/** Says no, unless the call says that it is to throw. */
class ClosedDoor implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const metadata = metadataIn(context);
    return metadata.get(THROWN).length > 0 && fail(metadata);
  }
}

@Controller()
@UseGuards(ClosedDoor)
export class GuardedController extends sixKinds('Guarded', (text) => text) {}
