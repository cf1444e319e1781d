import { status, type MethodDefinition } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import { tellUnfiltered, type Failure } from './handler-failures.js';
import { MessageWriter, type MessageSink } from './message-writer.js';
import type { RequestStream } from './request-stream.js';
import { waitingMemoryOf } from './waiting-memory.js';

/** The call of a method with a response stream. */
export interface RespondingCall extends MessageSink {
  readonly cancelled?: boolean;
  getAuthContext(): object;
  on(event: 'cancelled' | 'drain', listener: () => void): unknown;
  off(event: 'cancelled' | 'drain', listener: () => void): unknown;
  emit(event: 'error', error: unknown): unknown;
  end(): unknown;
  destroy(error: Error): unknown;
}

/** The part of a method definition that concerns responses. */
export type RespondingMethod = Pick<MethodDefinition<unknown, unknown>, 'path'> & {
  responseSerialize?(message: unknown): Buffer;
};

/**
 * Writes the responses of a handler to its call, then ends the call: with status OK, with the error of the
 * source, or with a `Failure` of the writer. Requests are not read while many responses wait.
 *
 * @returns a promise that resolves when all is written, or the call is over; never rejects.
 */
export function writeResponses(
  responses: Observable<unknown>,
  call: RespondingCall,
  method: RespondingMethod,
  requests?: RequestStream,
): Promise<void> {
  return new Promise((resolve) => {
    if (call.cancelled) return resolve();
    let release: (() => void) | undefined;
    const writer = new MessageWriter(call, {
      owner: `the handler of ${method.path.split('/').pop()}`,
      memory: waitingMemoryOf(call.getAuthContext()),
      sizeOf: (message) => method.responseSerialize?.(message).length ?? 0,
      onComplete: () => end(() => call.end()),
      onError: (error, source) =>
        end(() => {
          const fail = (failure: unknown): unknown => call.emit('error', failure);
          if (source === 'observable') fail(error);
          else tellUnfiltered(error, fail);
        }),
      onFailure: (failure) => end(() => failAtOnce(call, failure)),
      onBacklog: (isLong) => {
        if (isLong) release ??= requests?.hold();
        else release = void release?.();
      },
    });
    const end = (tell: () => unknown): void => {
      writer.stop();
      call.off('cancelled', onOver);
      release = void release?.();
      tell();
      resolve();
    };
    const onOver = (): void => end(() => {});
    call.on('cancelled', onOver);
    writer.start(responses);
  });
}

/** RESOURCE_EXHAUSTED destroys the call: a status would wait behind the messages for a slow reader. */
function failAtOnce(call: RespondingCall, { code, details }: Failure): void {
  const error = Object.assign(new Error(details), { code, details });
  if (code === status.RESOURCE_EXHAUSTED) call.destroy(error);
  else call.emit('error', error);
}
