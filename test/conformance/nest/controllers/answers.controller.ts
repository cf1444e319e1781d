import { once } from 'node:events';
import type { Metadata, sendUnaryData, ServerReadableStream } from '@grpc/grpc-js';
import { Controller, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import {
  concat,
  EMPTY,
  forkJoin,
  ignoreElements,
  lastValueFrom,
  map,
  Observable,
  of,
  reduce,
  throwError,
} from 'rxjs';
import { journalOfCall, keyOf } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';

const text = (value: string): Text => ({ text: value });

const joined = () => reduce<Text, Text>((all, one) => text(all.text + one.text), { text: '' });

/** Lets a call pass that has had one request, and has the next one at hand. */
class WithOneRequest implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const call = context.getArgByIndex<ServerReadableStream<Text, Text>>(2);
    call.once('data', () => call.pause());
    await once(call, 'data');
    while (call.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
    return true;
  }
}

/** What handlers may return. */
@Controller()
export class AnswersController {
  @GrpcMethod('Answers')
  promised(): Promise<Text> {
    return Promise.resolve(text('promised'));
  }

  @GrpcMethod('Answers')
  observed(): Observable<Text> {
    return of(text('observed'));
  }

  @GrpcMethod('Answers')
  promisedObservable(): Promise<Observable<Text>> {
    return Promise.resolve(of(text('both')));
  }

  @GrpcMethod('Answers')
  void(): void {}

  @GrpcMethod('Answers')
  voidOfText(): void {}

  @GrpcMethod('Answers')
  none(): Observable<Text> {
    return EMPTY;
  }

  @GrpcMethod('Answers')
  two(): Observable<Text> {
    return of(text('first'), text('second'));
  }

  /** The second comes when the scenario has got the first. */
  @GrpcMethod('Answers')
  twoApart(_request: Text, metadata: Metadata): Observable<Text> {
    const journal = journalOfCall(metadata);
    const got = new Observable<never>((subscriber) => {
      void journal.when('got').then(() => subscriber.complete());
    });
    return concat(of(text('first')), got, of(text('second')));
  }

  @GrpcMethod('Answers')
  endless(_request: Text, metadata: Metadata): Observable<Text> {
    const journal = journalOfCall(metadata);
    const state = new Observable<Text>((subscriber) => {
      subscriber.next(text('state'));
      return () => journal.note('unsubscribed');
    });
    return state;
  }

  @GrpcMethod('Answers')
  valueThenError(): Observable<Text> {
    return concat(
      of(text('value')),
      throwError(() => new Error('too late')),
    );
  }

  @GrpcMethod('Answers')
  emittedPromise(): Observable<Promise<Text>> {
    return of(1).pipe(map(() => Promise.resolve(text('emitted'))));
  }

  @GrpcMethod('Answers')
  emittedRejection(_request: Text, metadata: Metadata): Observable<Promise<Text>> {
    return of(1).pipe(map(() => Promise.reject(new Error(keyOf(metadata)))));
  }

  @GrpcMethod('Answers')
  noneOfMany(): Observable<Text> {
    return EMPTY;
  }

  @GrpcStreamMethod('Answers')
  async ofStreamPromised(requests: Observable<Text>): Promise<Observable<Text>> {
    await Promise.resolve();
    return concat(requests.pipe(ignoreElements()), of(text('promised')));
  }

  @GrpcStreamMethod('Answers')
  ofStreamVoid(): void {}

  @GrpcStreamMethod('Answers')
  ofStreamNone(requests: Observable<Text>): Observable<Text> {
    return requests.pipe(ignoreElements());
  }

  @GrpcStreamMethod('Answers')
  ofStreamTwo(requests: Observable<Text>): Observable<Text> {
    return concat(requests.pipe(ignoreElements()), of(text('first'), text('second')));
  }

  /** Has it all before it returns. */
  @GrpcStreamMethod('Answers')
  async ofStreamAwaited(requests: Observable<Text>): Promise<Text> {
    return lastValueFrom(requests.pipe(joined()));
  }

  @GrpcStreamMethod('Answers')
  async ofStreamAwaitedMany(requests: Observable<Text>): Promise<Observable<Text>> {
    return of(await lastValueFrom(requests.pipe(joined())));
  }

  /** Two readers of the same requests. */
  @GrpcStreamMethod('Answers')
  ofStreamTwice(requests: Observable<Text>): Observable<Text> {
    return forkJoin([requests.pipe(joined()), requests.pipe(joined())]).pipe(
      map((read) => text(read.map((one) => one.text).join())),
    );
  }

  /**
   * Of two requests the second comes when the handler has returned, but before the event loop turns.
   */
  @UseGuards(WithOneRequest)
  @GrpcStreamMethod('Answers')
  ofStreamLate(
    requests: Observable<Text>,
    _metadata: Metadata,
    call: ServerReadableStream<Text, Text>,
  ): Observable<Text> {
    call.resume();
    return requests.pipe(joined());
  }

  @GrpcStreamCall('Answers')
  callThenThrow(
    call: ServerReadableStream<Text, Text>,
    callback: sendUnaryData<Text>,
  ): Observable<Text> {
    callback(null, text('answered'));
    return throwError(() => new RpcException(keyOf(call.metadata)));
  }
}
