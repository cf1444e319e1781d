import type { Client } from '@grpc/grpc-js';
import { ClientGrpcProxy } from '@nestjs/microservices';
import { catchError, isObservable, NEVER, Observable } from 'rxjs';
import type { StubMethod } from './unary-method.js';

/**
 * Nest's own gRPC client, but for requests that fail: where Nest throws the error at nobody, which ends
 * the process, and leaves the call open, here the call is cancelled, and fails with that error.
 */
export abstract class GrpcStubs extends ClientGrpcProxy {
  /** Of methods with a stream of requests: fails with them. */
  override createServiceMethod(client: Client, methodName: string): StubMethod {
    const method = super.createServiceMethod(client, methodName);
    const { requestStream } = (client as unknown as Record<string, { requestStream: boolean }>)[
      methodName
    ]!;
    return requestStream ? failingWithItsRequests(method) : method;
  }
}

function failingWithItsRequests(method: StubMethod): StubMethod {
  return (requests, ...args) => {
    if (!isObservable(requests)) return method(requests, ...args);
    return new Observable((observer) => {
      const failing = catchError((error) => {
        // Ends the subscription, and that cancels the call.
        observer.error(error);
        return NEVER;
      });
      return method(requests.pipe(failing), ...args).subscribe(observer);
    });
  };
}
