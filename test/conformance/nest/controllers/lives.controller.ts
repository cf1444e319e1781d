import type { Metadata, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import {
  concat,
  finalize,
  ignoreElements,
  merge,
  NEVER,
  Observable,
  of,
  type TeardownLogic,
} from 'rxjs';
import type { Journal } from '../../engine/harness/journal.js';
import { journalIn, journalOfCall, keyOf } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';

type UnaryCall = ServerUnaryCall<Text, Text>;

/** Opens when the scenario says so. */
class SlowDoor implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const journal = journalIn(context);
    journal.note('guard');
    context.getArgByIndex<UnaryCall>(2).once('cancelled', () => journal.note('cancelled'));
    await journal.when('open');
    return true;
  }
}

/** Calls that go on until somebody ends them. */
@Controller()
export class LivesController {
  @GrpcMethod('Lives')
  hang(_request: Text, metadata: Metadata, call: UnaryCall): Observable<Text> {
    const journal = journalOfCall(metadata);
    noteDeadline(journal, call);
    return hanging(journal, call);
  }

  @GrpcMethod('Lives')
  async hangPromise(_request: Text, metadata: Metadata, call: UnaryCall): Promise<Text> {
    const journal = journalOfCall(metadata);
    const over = new Promise((resolve) => call.once('cancelled', resolve));
    journal.note('called');
    await over;
    journal.note('cancelled', call.cancelled);
    return { text: 'too late' };
  }

  @GrpcMethod('Lives')
  hangStream(request: Text, metadata: Metadata, call: UnaryCall): Observable<Text> {
    const journal = journalOfCall(metadata);
    noteDeadline(journal, call);
    return concat(of(request), hanging(journal, call));
  }

  @GrpcStreamMethod('Lives')
  hangClientStream(
    requests: Observable<Text>,
    metadata: Metadata,
    call: UnaryCall,
  ): Observable<Text> {
    const journal = journalOfCall(metadata);
    const reading = requests.pipe(
      ignoreElements(),
      finalize(() => journal.note('requests over')),
    );
    return merge(reading, hanging(journal, call));
  }

  @GrpcStreamMethod('Lives')
  hangBidi(requests: Observable<Text>, metadata: Metadata, call: UnaryCall): Observable<Text> {
    const journal = journalOfCall(metadata);
    call.once('cancelled', () => journal.note('cancelled'));
    return concat(requests, NEVER).pipe(finalize(() => journal.note('unsubscribed')));
  }

  /** Reads as long as there is something to read. */
  @GrpcStreamCall('Lives')
  async hangCall(call: ServerDuplexStream<Text, Text>): Promise<void> {
    const journal = journalOfCall(call.metadata);
    call.once('cancelled', () => journal.note('cancelled'));
    try {
      for await (const request of call as AsyncIterable<Text>) call.write(request);
    } catch {
      throw new RpcException(`could not read ${keyOf(call.metadata)}`);
    }
  }

  @UseGuards(SlowDoor)
  @GrpcMethod('Lives')
  hangGuard(_request: Text, metadata: Metadata, call: UnaryCall): Observable<Text> {
    const journal = journalOfCall(metadata);
    journal.note('called', call.cancelled);
    return new Observable((): TeardownLogic => {
      journal.note('subscribed');
    });
  }

  @GrpcMethod('Lives')
  async answerLater(request: Text, metadata: Metadata): Promise<Text> {
    const journal = journalOfCall(metadata);
    journal.note('called');
    await journal.when('answer');
    return request;
  }
}

/** Never emits; notes who goes first. */
function hanging(journal: Journal, call: UnaryCall): Observable<never> {
  return new Observable(() => {
    call.once('cancelled', () => journal.note('cancelled'));
    journal.note('called');
    return () => journal.note('unsubscribed');
  });
}

function noteDeadline(journal: Journal, call: UnaryCall): void {
  const leftMs = Number(call.getDeadline()) - Date.now();
  journal.note('deadline', leftMs === Infinity ? 'none' : leftMs < 60_000 ? 'near' : 'far');
}
