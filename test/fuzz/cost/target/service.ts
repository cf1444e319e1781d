import { resolve } from 'node:path';
import type {
  CallOptions,
  Metadata,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
} from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, Payload } from '@nestjs/microservices';
import { count, map, NEVER, of, switchMap, timer, type Observable } from 'rxjs';
import { Backchannel } from '../../../../lib/index.js';
import { handledCalls } from './handled-calls.js';

/** What both sides serve and call. The fuzzer runs in the folder of the package, its code elsewhere. */
export const COSTS = {
  package: 'cost',
  protoPath: resolve('test/fuzz/cost/target/cost.proto'),
  loader: { defaults: true },
};

/** Milliseconds until `Late` subscribes. */
const LATE_MS = 100;
/** Bytes of a request that a reply repeats. */
const MOST_REPLIED = 100;
/** Replies of `List`, none larger than the request. */
const LIST = 3;
/** Replies of `Flood`, more than fit anywhere on the way. */
const FLOOD = 2000;
const FLOOD_PIECE = Buffer.alloc(16_384, 'f');

export interface Blob {
  data: Uint8Array;
}

/** Decoded with defaults. */
export interface Everything extends Blob {
  items: object[];
  text: string;
}

/** A stub of `Costs`, as Nest makes it. */
export interface CostsStub {
  echo(request: object, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
  echoBack(request: object): Observable<Blob>;
  list(request: object): Observable<Blob>;
  chat(requests: Observable<object>, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
}

/**
 * Returns what a reply, or a call back, has of the data of its request. Whole, it would be larger than a
 * compressed request: the application would send that much back, not the library.
 */
function replyTo({ data }: Blob): Blob {
  return { data: data.subarray(0, MOST_REPLIED) };
}

function totalOf(requests: Observable<Everything>): Observable<Blob> {
  return requests.pipe(
    count(),
    map((total) => ({ data: Buffer.from(String(total)) })),
  );
}

/** Methods that the dialing side serves. */
@Controller()
export class DialingController {
  @GrpcMethod('Costs')
  echo(request: Everything): Blob {
    handledCalls.count += 1;
    return replyTo(request);
  }

  @GrpcMethod('Costs')
  list({ data }: Blob): Observable<Blob> {
    handledCalls.count += 1;
    return of(...Array.from({ length: LIST }, () => replyTo({ data })));
  }

  @GrpcStreamMethod('Costs')
  count(requests: Observable<Everything>): Observable<Blob> {
    handledCalls.count += 1;
    return totalOf(requests);
  }

  @GrpcStreamMethod('Costs')
  late(requests: Observable<Everything>): Observable<Blob> {
    handledCalls.count += 1;
    return timer(LATE_MS).pipe(switchMap(() => totalOf(requests)));
  }

  @GrpcStreamCall('Costs')
  chat(call: ServerDuplexStream<Everything, Blob>): void {
    handledCalls.count += 1;
    call.on('data', (request: Everything) => {
      if (!call.write(replyTo(request))) {
        call.pause();
        call.once('drain', () => call.resume());
      }
    });
    call.on('end', () => call.end());
    call.on('error', () => {}); // The call is over.
  }

  @GrpcStreamCall('Costs')
  hold(_call: ServerReadableStream<Everything, Blob>): void {
    handledCalls.count += 1;
  }

  @GrpcMethod('Costs')
  async *flood(): AsyncIterable<Blob> {
    handledCalls.count += 1;
    for (let i = 0; i < FLOOD; i += 1) yield { data: FLOOD_PIECE };
  }

  @GrpcMethod('Costs')
  never(_request: Everything, _metadata: Metadata, _call: ServerUnaryCall<Everything, Blob>) {
    handledCalls.count += 1;
    return NEVER;
  }
}

/** What the listening side serves. */
@Controller()
export class ListeningController extends DialingController {
  @GrpcMethod('Costs')
  echoBack(@Payload() blob: Blob, @Backchannel('Costs') caller: CostsStub): Observable<Blob> {
    handledCalls.count += 1;
    return caller.echo(replyTo(blob));
  }
}
