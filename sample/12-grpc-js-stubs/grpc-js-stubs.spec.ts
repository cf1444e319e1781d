import { afterAll, beforeAll, expect, it } from 'vitest';
import { callAllKinds } from './call-all-kinds.js';
import { dial, type DialingSide } from './dialing-side.js';
import { listen, type ListeningSide } from './listening-side.js';

let listening: ListeningSide;
let dialing: DialingSide;

beforeAll(async () => {
  listening = await listen();
  dialing = dial(listening.address);
});

afterAll(async () => {
  await dialing.close();
  listening.close();
});

it.each([
  ['forward', () => dialing.hub],
  ['back', () => listening.peer()],
])('calls of all kinds go %s', async (_, stub) => {
  expect(await callAllKinds(await stub())).toEqual([
    'unary, double 21: 42',
    'server streaming, count to 4: 1 2 3 4',
    'client streaming, sum of 1 2 3 4: 10',
    'both streaming, running total of 1 2 3 4: 1 3 6 10',
  ]);
});
