import type { NumbersServer } from './generated/numbers.js';

/** Served by both sides; the compiler checks the handlers against the generated types. */
export const handlers: NumbersServer = {
  double({ request: { value } }, callback) {
    callback(null, { value: 2 * value });
  },
  countTo(call) {
    for (let value = 1; value <= call.request.value; value += 1) call.write({ value });
    call.end();
  },
  sum(call, callback) {
    let sum = 0;
    call.on('data', ({ value }) => (sum += value));
    call.on('end', () => callback(null, { value: sum }));
  },
  runningTotal(call) {
    let total = 0;
    call.on('data', ({ value }) => call.write({ value: (total += value) }));
    call.on('end', () => call.end());
  },
};
