import type { CallOptions, ClientUnaryCall, Metadata } from '@grpc/grpc-js';
import type { Entry, Journal } from './journal.js';
import type { Kind, Message, TestStub } from './test-service.js';
import { callBidi, callClientStream, callServerStream, callUnary, type Watched } from './watch.js';

export interface CallInput {
  /** What is sent; one message is used where only one can be sent. */
  requests?: readonly Message[];
  metadata?: Metadata;
  options?: CallOptions;
}

/** Starts an ordinary call of any kind: sends everything, and ends. */
export function makeCall(
  stub: TestStub,
  kind: Kind,
  { requests = ['request'], ...input }: CallInput = {},
): Watched<Pick<ClientUnaryCall, 'cancel' | 'getPeer'>> {
  switch (kind) {
    case 'unary':
      return callUnary(stub, requests[0], input);
    case 'serverStream':
      return callServerStream(stub, requests[0], input);
    case 'clientStream': {
      const watched = callClientStream(stub, input);
      for (const request of requests) watched.call.write(request);
      watched.call.end();
      return watched;
    }
    case 'bidi': {
      const watched = callBidi(stub, input);
      for (const request of requests) watched.call.write(request);
      watched.call.end();
      return watched;
    }
  }
}

/** What a caller is told by the other end; when its own writing was through is left out. */
export function told(journal: Journal): Entry[] {
  return journal.without('finish', 'close');
}

/** Makes an ordinary call and returns what its caller was told. */
export async function outcomeOf(stub: TestStub, kind: Kind, input?: CallInput): Promise<Entry[]> {
  const { journal } = makeCall(stub, kind, input);
  await journal.when('status');
  if (kind === 'serverStream' || kind === 'bidi') await journal.when('end');
  return told(journal);
}
