import type { Num } from './numbers.js';

/** A stub as Connect and nice-grpc make it: with promises and async iterables. */
export interface PromisedNumbers {
  double(request: Num): Promise<Num>;
  countTo(request: Num): AsyncIterable<Num>;
  sum(requests: AsyncIterable<Num>): Promise<Num>;
  runningTotal(requests: AsyncIterable<Num>): AsyncIterable<Num>;
}

/** One call of each kind: a line for each. */
export async function callWithPromises(numbers: PromisedNumbers): Promise<string[]> {
  const doubled = await numbers.double({ value: 21 });
  const counted = await valuesOf(numbers.countTo({ value: 4 }));
  const sum = await numbers.sum(oneToFour());
  const totals = await valuesOf(numbers.runningTotal(oneToFour()));
  return [
    `unary, double 21: ${doubled.value}`,
    `server streaming, count to 4: ${counted}`,
    `client streaming, sum of 1 2 3 4: ${sum.value}`,
    `both streaming, running total of 1 2 3 4: ${totals}`,
  ];
}

async function* oneToFour(): AsyncIterable<Num> {
  for (const value of [1, 2, 3, 4]) yield { value };
}

async function valuesOf(numbers: AsyncIterable<Num>): Promise<string> {
  const values: number[] = [];
  for await (const { value } of numbers) values.push(value);
  return values.join(' ');
}
