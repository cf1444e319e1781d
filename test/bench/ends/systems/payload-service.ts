import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Caller } from '../end.js';
import { MessageSource } from '../messages.js';

export interface Blob {
  data: Buffer;
}

export interface DownloadRequest {
  bytes: number;
  chunk: number;
}

type UnaryCall = ServerUnaryCall<Blob, Blob>;

/**
 * The service `Payload` on grpc-js.
 *
 * @param callerOf - what calls the client of a call back, where the system can.
 */
export function payloadService(
  callerOf?: (call: UnaryCall) => Caller,
): UntypedServiceImplementation {
  return {
    Echo: (call: UnaryCall, callback: sendUnaryData<Blob>) => callback(null, call.request),
    Download: (call: ServerWritableStream<DownloadRequest, Blob>) => download(call),
    ...(callerOf && {
      EchoThroughPeer: (call: UnaryCall, callback: sendUnaryData<Blob>) => {
        callerOf(call).echo(call.request.data, (error, data) => callback(error, data && { data }));
      },
    }),
  };
}

function download(call: ServerWritableStream<DownloadRequest, Blob>): void {
  const messages = new MessageSource(call.request.chunk);
  const send = (): void => {
    while (!call.cancelled) {
      if (!call.write({ data: messages.next() })) {
        call.once('drain', send);
        return;
      }
    }
  };
  send();
}
