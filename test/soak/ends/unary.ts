import { status, type ClientUnaryCall, type requestCallback } from '@grpc/grpc-js';
import type { CallBook } from './call-book.js';
import type { Blob } from './protos.js';

/** A unary call that goes into `book`. Resolves when it has ended, however it did. */
export function unary(
  book: CallBook,
  what: string,
  expected: readonly status[],
  call: (callback: requestCallback<Blob>) => ClientUnaryCall,
): Promise<void> {
  return new Promise((resolve) => {
    const end = book.begin(what, expected);
    call((error) => {
      end(error ?? { code: status.OK });
      resolve();
    });
  });
}
