import { resolve } from 'node:path';
import { Metadata, type CallOptions } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { Backchannel } from '../../../../lib/index.js';

/** What both sides serve and call. The scenarios run in the folder of the package, their code elsewhere. */
export const ECHOES = {
  package: 'reliability',
  protoPath: resolve('test/reliability/attacks/echoes.proto'),
  loader: { defaults: true },
};

/** Bytes of the reply to `Enlarge`. */
export const LARGE = 64 * 1024;

/** Milliseconds that a peer has to answer when it is called back. */
const CALL_BACK_MS = 5000;

export interface Blob {
  data: Uint8Array;
}

/** Stub of `Echoes`, as Nest makes them. */
export interface EchoesStub {
  echo(blob: Blob, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
  echoBack(blob: Blob, metadata?: Metadata, options?: CallOptions): Observable<Blob>;
}

/** What the dialing side serves. */
@Controller()
export class DialingController {
  @GrpcMethod('Echoes')
  echo(blob: Blob): Blob {
    return blob;
  }
}

/** What the listening side serves. */
@Controller()
export class ListeningController extends DialingController {
  @GrpcMethod('Echoes')
  echoBack(@Payload() blob: Blob, @Backchannel('Echoes') caller: EchoesStub): Observable<Blob> {
    return caller.echo(blob, new Metadata(), { deadline: Date.now() + CALL_BACK_MS });
  }

  @GrpcMethod('Echoes')
  enlarge(): Blob {
    return { data: new Uint8Array(LARGE) };
  }

  @GrpcStreamCall('Echoes')
  hold(): void {}
}
