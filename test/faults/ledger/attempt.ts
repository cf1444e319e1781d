import { Metadata, status } from '@grpc/grpc-js';
import { range, map, type Observable } from 'rxjs';
import { ENTRIES, type Entry, type Ledger } from './ledger.js';

export type Kind = 'unary' | 'serverStream' | 'clientStream' | 'bidiStream';

export const kinds: readonly Kind[] = ['unary', 'serverStream', 'clientStream', 'bidiStream'];

/** What came of a call. */
export interface Outcome {
  code: status;
  details: string;
  /** Whether everything came that was to come. */
  whole: boolean;
}

/** Makes a call that is not held, and resolves with what came of it. */
export function attempt(kind: Kind, ledger: Ledger, id: string): Promise<Outcome> {
  const received: number[] = [];
  return new Promise((resolve) => {
    const end = (code: status, details = ''): void =>
      resolve({ code, details, whole: isWhole(kind, received) });
    call(kind, ledger, id).subscribe({
      next: ({ number }) => received.push(number),
      error: (error: Error & { code?: status; details?: string }) =>
        end(error.code ?? status.UNKNOWN, error.details ?? error.message),
      complete: () => end(status.OK),
    });
  });
}

function call(kind: Kind, ledger: Ledger, id: string): Observable<Entry> {
  const metadata = new Metadata();
  metadata.set('id', id);
  const entries = range(1, ENTRIES).pipe(map((number) => ({ number })));
  if (kind === 'clientStream' || kind === 'bidiStream') return ledger[kind](entries, metadata);
  return ledger[kind]({ number: 1 }, metadata);
}

function isWhole(kind: Kind, received: readonly number[]): boolean {
  if (kind === 'unary') return received.join() === '1';
  if (kind === 'clientStream') return received.join() === String(ENTRIES);
  return received.length === ENTRIES && received.every((number, i) => number === i + 1);
}
