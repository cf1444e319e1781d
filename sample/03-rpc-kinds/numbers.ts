import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';

export const numbersProto = {
  package: 'numbers',
  protoPath: fileURLToPath(new URL('numbers.proto', import.meta.url)),
};

export interface Num {
  value: number;
}

/** A stub of the service, of either side. */
export interface Numbers {
  double(request: Num): Observable<Num>;
  countTo(request: Num): Observable<Num>;
  sum(requests: Observable<Num>): Observable<Num>;
  runningTotal(requests: Observable<Num>): Observable<Num>;
}
