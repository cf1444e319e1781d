import {
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { CallBook } from './call-book.js';
import type { Blob, Task } from './protos.js';

const REFUSAL = { code: status.FAILED_PRECONDITION, details: 'refused, as it was asked to be' };

/** The service `Soak`, whose every call goes into `book`. */
export function soakService(book: CallBook): UntypedServiceImplementation {
  return {
    Unary: (call: ServerUnaryCall<Task, Blob>, callback: sendUnaryData<Blob>) => {
      book.handle(call);
      reply(call.request, callback);
    },
    ClientStream: (call: ServerReadableStream<Task, Blob>, callback: sendUnaryData<Blob>) => {
      book.handle(call);
      let last: Task | undefined;
      call.on('data', (task: Task) => (last = task));
      call.on('end', () => reply(last!, callback));
    },
    ServerStream: (call: ServerWritableStream<Task, Blob>) => {
      book.handle(call);
      const { data, replies } = call.request;
      for (let i = 0; i < replies!; i++) call.write({ data });
      finish(call.request, call);
    },
    Bidi: (call: ServerDuplexStream<Task, Blob>) => {
      book.handle(call);
      let last: Task | undefined;
      call.on('data', (task: Task) => {
        last = task;
        call.write({ data: task.data });
      });
      call.on('end', () => finish(last!, call));
    },
  };
}

function reply({ action, data }: Task, callback: sendUnaryData<Blob>): void {
  if (action === 'ANSWER') callback(null, { data });
  else if (action === 'REFUSE') callback(REFUSAL);
}

interface Answering {
  end(): unknown;
  emit(event: 'error', error: object): unknown;
}

function finish({ action }: Task, call: Answering): void {
  if (action === 'ANSWER') call.end();
  else if (action === 'REFUSE') call.emit('error', REFUSAL);
}
