import type { ServiceError } from '@grpc/grpc-js';
import type { Number as Num, NumbersClient } from './generated/numbers.js';

/** One call of each kind: a line for each. */
export async function callAllKinds(numbers: NumbersClient): Promise<string[]> {
  const doubled = await reply((callback) => numbers.double({ value: 21 }, callback));
  const counted = await valuesOf(numbers.countTo({ value: 4 }));
  const sum = await reply((callback) => sendOneToFour(numbers.sum(callback)));
  const totals = numbers.runningTotal();
  sendOneToFour(totals);
  return [
    `unary, double 21: ${doubled.value}`,
    `server streaming, count to 4: ${counted}`,
    `client streaming, sum of 1 2 3 4: ${sum.value}`,
    `both streaming, running total of 1 2 3 4: ${await valuesOf(totals)}`,
  ];
}

function reply(
  call: (callback: (error: ServiceError | null, reply: Num) => void) => void,
): Promise<Num> {
  return new Promise((resolve, reject) => {
    call((error, number) => (error ? reject(error) : resolve(number)));
  });
}

function sendOneToFour(requests: { write(number: Num): boolean; end(): void }): void {
  for (const value of [1, 2, 3, 4]) requests.write({ value });
  requests.end();
}

async function valuesOf(numbers: AsyncIterable<Num>): Promise<string> {
  const values: number[] = [];
  for await (const { value } of numbers) values.push(value);
  return values.join(' ');
}
