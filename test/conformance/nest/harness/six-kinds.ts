import { once } from 'node:events';
import type {
  Metadata,
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
} from '@grpc/grpc-js';
import type { Type } from '@nestjs/common';
import { Payload, Ctx, GrpcMethod, GrpcStreamCall, GrpcStreamMethod } from '@nestjs/microservices';
import { concatMap, from, map, type Observable, of, reduce, toArray } from 'rxjs';
import type { Text } from './protos.js';

/** What a handler makes of the text it was sent; a client stream's texts come joined. */
export type Answer = (text: string, metadata: Metadata) => string;

/**
 * A controller that handles calls of `service` in all of Nest's six ways, to be extended by one with
 * decorators of its own.
 */
export function sixKinds(service: string, answer: Answer): Type {
  const answered = (text: string, metadata: Metadata): Text => ({ text: answer(text, metadata) });

  class SixKindsController {
    @GrpcMethod(service)
    unary(@Payload() { text }: Text, @Ctx() metadata: Metadata): Text {
      return answered(text, metadata);
    }

    @GrpcMethod(service)
    serverStream(@Payload() { text }: Text, @Ctx() metadata: Metadata): Observable<Text> {
      return from(text).pipe(map((letter) => answered(letter, metadata)));
    }

    @GrpcStreamMethod(service)
    clientStream(requests: Observable<Text>, metadata: Metadata): Observable<Text> {
      return requests.pipe(
        reduce((all, { text }) => all + text, ''),
        map((all) => answered(all, metadata)),
      );
    }

    @GrpcStreamMethod(service)
    bidi(requests: Observable<Text>, metadata: Metadata): Observable<Text> {
      return requests.pipe(map(({ text }) => answered(text, metadata)));
    }

    @GrpcStreamCall(service)
    async callClientStream(
      call: ServerReadableStream<Text, Text>,
      callback: sendUnaryData<Text>,
    ): Promise<void> {
      let all = '';
      call.on('data', ({ text }: Text) => (all += text));
      await once(call, 'end');
      callback(null, answered(all, call.metadata));
    }

    @GrpcStreamCall(service)
    async callBidi(call: ServerDuplexStream<Text, Text>): Promise<void> {
      call.on('data', ({ text }: Text) => call.write(answered(text, call.metadata)));
      await once(call, 'end');
      call.end();
    }
  }
  return SixKindsController;
}

/** Like the above, of handlers that fail as soon as they are called. */
export function sixFailures(service: string, fail: (metadata: Metadata) => never): Type {
  class SixFailuresController {
    @GrpcMethod(service)
    unary(_request: Text, metadata: Metadata): Text {
      return fail(metadata);
    }

    /** Not before it has sent what it was sent. */
    @GrpcMethod(service)
    serverStream({ text }: Text, metadata: Metadata): Observable<Text> {
      return of({ text }, undefined).pipe(map((value) => value ?? fail(metadata)));
    }

    @GrpcStreamMethod(service)
    clientStream(requests: Observable<Text>, metadata: Metadata): Observable<Text> {
      return requests.pipe(
        toArray(),
        map(() => fail(metadata)),
      );
    }

    @GrpcStreamMethod(service)
    bidi(requests: Observable<Text>, metadata: Metadata): Observable<Text> {
      return requests.pipe(
        concatMap((request) => of(request, undefined)),
        map((value) => value ?? fail(metadata)),
      );
    }

    @GrpcStreamCall(service)
    callClientStream(call: ServerReadableStream<Text, Text>): void {
      fail(call.metadata);
    }

    @GrpcStreamCall(service)
    callBidi(call: ServerDuplexStream<Text, Text>): void {
      fail(call.metadata);
    }
  }
  return SixFailuresController;
}
