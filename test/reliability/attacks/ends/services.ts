import { resolve } from 'node:path';
import { Metadata, type CallOptions, type ServerReadableStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { Backchannel } from '../../../../lib/index.js';
import { HeldCalls } from './held-calls.js';

/** What both sides serve and call. The scenarios run in the folder of the package, their code elsewhere. */
export const ECHOES = {
  package: 'reliability',
  protoPath: resolve('test/reliability/attacks/echoes.proto'),
  loader: { defaults: true },
};

/** Bytes of the reply to `Enlarge`. */
export const LARGE = 64 * 1024;

/** Milliseconds that a peer has to answer when it is called back. */
const CALL_BACK_MS = 9000;

export interface Blob {
  data: Uint8Array;
}

/** Stub of `Echoes`, as Nest makes them. */
export interface EchoesStub {
  echo(blob: Blob, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
  echoBack(blob: Blob, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
}

/** Calls that the handler of `Hold` has. */
export const heldCalls = new HeldCalls();

/** What the dialing side serves. */
@Controller()
export class DialingController {
  @GrpcMethod('Echoes')
  echo(blob: Blob): Blob {
    return blob;
  }

  @GrpcMethod('Echoes')
  count({ items }: { items: object[] }): Blob {
    return { data: Buffer.from(String(items.length)) };
  }

  @GrpcStreamCall('Echoes')
  hold(call: ServerReadableStream<Blob, Blob>): void {
    heldCalls.begin();
    call.once('cancelled', () => heldCalls.end());
  }
}

/** What the listening side serves. */
@Controller()
export class ListeningController extends DialingController {
  /** Calls of `Enlarge` so far. */
  static enlarged = 0;

  @GrpcMethod('Echoes')
  echoBack(@Payload() blob: Blob, @Backchannel('Echoes') caller: EchoesStub): Observable<Blob> {
    return caller.echo(blob, new Metadata(), { deadline: Date.now() + CALL_BACK_MS });
  }

  @GrpcMethod('Echoes')
  enlarge(): Blob {
    ListeningController.enlarged += 1;
    return { data: new Uint8Array(LARGE) };
  }
}
