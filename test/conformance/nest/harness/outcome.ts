import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Observable, Subscription } from 'rxjs';
import type { Patience } from './patience.js';
import type { Text } from './protos.js';

/** How a call went, as its caller saw it. */
export interface Outcome {
  /** The texts that came; of messages without one, the message. */
  answers: unknown[];
  /** `nothing`: it had not ended when patience had. */
  end: 'complete' | 'nothing' | Failure;
}

export interface Failure {
  code: string;
  details: string;
}

/** Calls, and resolves when the call has ended, or `patience` has. */
export async function outcomeOf(call: Observable<unknown>, patience: Patience): Promise<Outcome> {
  const outcome: Outcome = { answers: [], end: 'nothing' };
  let subscription: Subscription | undefined;
  const ended = new Promise<void>((resolve) => {
    const settle = (end: Outcome['end']): void => {
      outcome.end = end;
      resolve();
    };
    subscription = call.subscribe({
      next: (message) => outcome.answers.push((message as Text).text ?? message),
      error: (error: unknown) => settle(failureOf(error)),
      complete: () => settle('complete'),
    });
  });
  await patience.happens(ended);
  subscription?.unsubscribe();
  return outcome;
}

/** What users see of an error; the texts of deadlines tell of times. */
export function failureOf(error: unknown): Failure {
  const { code, details, message } = error as ServiceError;
  if (code === undefined) return { code: 'none', details: message };
  const isLate = code === status.DEADLINE_EXCEEDED;
  return { code: status[code], details: isLate ? 'Deadline exceeded' : details };
}

/** The values of `names` in `metadata`; of binary ones their bytes. */
export function valuesOf(metadata: Metadata, ...names: string[]): Record<string, unknown[]> {
  const read = (name: string): unknown[] =>
    metadata.get(name).map((value) => (typeof value === 'string' ? value : Array.from(value)));
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}
