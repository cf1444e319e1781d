import { compressionAlgorithms, status } from '@grpc/grpc-js';
import {
  Controller,
  Catch,
  Get,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { map, throwError, type Observable } from 'rxjs';
import type { Column } from './column.js';
import { CountingProxy } from './counting-proxy.js';
import { journalIn, journalOfCall } from './journals.js';
import { createLink, freeUrl } from './link.js';
import { startPair, type Pair } from './pair.js';
import type { Text } from './protos.js';
import { sixKinds } from './six-kinds.js';

/** Two applications of which one also serves HTTP, and has enhancers for all that it serves. */
export interface GlobalPair extends Pair {
  /** Bytes that were sent so far, in both directions. */
  bytesSent(): number;
}

class AppGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() === 'rpc') journalIn(context).note('APP_GUARD');
    return true;
  }
}

class AppPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return isText(value) && value.text.length < 10 ? { text: `${value.text} piped` } : value;
  }
}

class AppInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'rpc') journalIn(context).note('APP_INTERCEPTOR');
    return next.handle();
  }
}

@Catch(RangeError)
class AppFilter implements RpcExceptionFilter<RangeError> {
  catch({ message }: RangeError): Observable<never> {
    return throwError(() => ({ code: status.OUT_OF_RANGE, details: message }));
  }
}

/** Not by a provider but by the application, which has the microservice inherit it. */
const inherited: NestInterceptor = {
  intercept: (_context, next) =>
    next
      .handle()
      .pipe(map((value) => (isText(value) ? { text: `${value.text} inherited` } : value))),
};

@Controller()
class GlobalController extends sixKinds('Kinds', (text, metadata) => {
  if (text === 'HEAD piped') throw new RangeError('HEAD is no branch');
  journalOfCall(metadata).note('handler');
  return text.length < 100 ? text : `${text.length} letters`;
}) {
  @Get()
  get(): Text {
    return { text: 'HTTP' };
  }
}

/** Starts it; its calls are compressed. */
export async function startGlobalPair(column: Column): Promise<GlobalPair> {
  const url = freeUrl();
  const dialUrl = freeUrl();
  const proxy = await CountingProxy.start(dialUrl, url);
  const calling = {
    channelOptions: { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip },
  };
  const pair = await startPair(column, createLink({ url, dialUrl, calling }), {
    controllers: [GlobalController],
    providers: [
      { provide: APP_GUARD, useClass: AppGuard },
      { provide: APP_PIPE, useClass: AppPipe },
      { provide: APP_INTERCEPTOR, useClass: AppInterceptor },
      { provide: APP_FILTER, useClass: AppFilter },
    ],
    hybrid: { inheritAppConfig: true },
    configureApp: (app: INestApplication) => app.useGlobalInterceptors(inherited),
  });
  return {
    ...pair,
    bytesSent: () => proxy.bytes,
    close: async () => {
      await pair.close();
      proxy.close();
    },
  };
}

function isText(value: unknown): value is Text {
  return typeof (value as Text | undefined)?.text === 'string';
}
