import {
  Catch,
  Controller,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { finalize, map, type Observable, throwError } from 'rxjs';
import { journalIn, journalOfCall } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';
import { sixKinds } from '../harness/six-kinds.js';

class NotingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    journalIn(context).note('guard', context.getType(), context.getHandler().name);
    return true;
  }
}

/** Asynchronous, so that requests of a stream come before the handler is called. */
class NotingInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const journal = journalIn(context);
    journal.note('before');
    await new Promise((resolve) => setImmediate(resolve));
    return next.handle().pipe(
      map((value: unknown) => (isText(value) ? { text: `<${value.text}>` } : value)),
      finalize(() => journal.note('after')),
    );
  }
}

/** Of requests only: the metadata passes here as well, and so do streams. */
class UpperCasePipe implements PipeTransform {
  transform(value: unknown): unknown {
    return isText(value) ? { text: value.text.toUpperCase() } : value;
  }
}

@Catch(RangeError)
class RangeErrorFilter implements RpcExceptionFilter<RangeError> {
  catch({ message }: RangeError): Observable<never> {
    return throwError(() => ({ code: status.OUT_OF_RANGE, details: message }));
  }
}

@Controller()
@UseGuards(NotingGuard)
@UseInterceptors(NotingInterceptor)
@UsePipes(UpperCasePipe)
@UseFilters(RangeErrorFilter)
export class EnhancedController extends sixKinds('Enhanced', (text, metadata) => {
  if (text === 'HEAD') throw new RangeError(`${text} is no branch`);
  journalOfCall(metadata).note('handler', text);
  return text;
}) {}

function isText(value: unknown): value is Text {
  return typeof (value as Text | undefined)?.text === 'string';
}
