import { firstValueFrom, from, map, toArray, type Observable } from 'rxjs';
import type { Num, Numbers } from './numbers.js';

/** One call of each kind: a line for each. */
export async function callAllKinds(numbers: Numbers): Promise<string[]> {
  const replies = {
    'unary, double 21': numbers.double({ value: 21 }),
    'server streaming, count to 4': numbers.countTo({ value: 4 }),
    'client streaming, sum of 1 2 3 4': numbers.sum(oneToFour()),
    'both streaming, running total of 1 2 3 4': numbers.runningTotal(oneToFour()),
  };
  return Promise.all(
    Object.entries(replies).map(async ([call, reply]) => `${call}: ${await valuesOf(reply)}`),
  );
}

function oneToFour(): Observable<Num> {
  return from([1, 2, 3, 4]).pipe(map((value) => ({ value })));
}

async function valuesOf(reply: Observable<Num>): Promise<string> {
  const numbers = await firstValueFrom(reply.pipe(toArray()));
  return numbers.map(({ value }) => value).join(' ');
}
