import { map, range, reduce, scan, type Observable } from 'rxjs';
import type { Number as Num } from './generated/numbers.js';

const add = (a: Num, b: Num): Num => ({ value: a.value + b.value });

/** 1 to `value`. */
export function countTo({ value: last }: Num): Observable<Num> {
  return range(1, last).pipe(map((value) => ({ value })));
}

/** The sum of all numbers. */
export function sum(numbers: Observable<Num>): Observable<Num> {
  return numbers.pipe(reduce(add));
}

/** The sum so far, for each number. */
export function runningTotal(numbers: Observable<Num>): Observable<Num> {
  return numbers.pipe(scan(add));
}
