import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestPair, type TestPair } from 'nestjs-backchannel/testing';
import { AgentModule } from './agent.module.js';
import { callAllKinds } from '../03-rpc-kinds/call-all-kinds.js';
import { HubModule } from './hub.module.js';
import { NUMBERS_SERVICE_NAME, type NumbersClient } from './generated/numbers.js';

let pair: TestPair;

beforeAll(async () => {
  pair = await createTestPair({ listening: HubModule, dialing: AgentModule.dialing('hub') });
});

afterAll(() => pair.close());

it.each([
  ['forward', () => pair.client()],
  ['back', () => pair.peer],
])('calls of all kinds go %s', async (_, stubs) => {
  expect(await callAllKinds(stubs().getService<NumbersClient>(NUMBERS_SERVICE_NAME))).toEqual([
    'unary, double 21: 42',
    'server streaming, count to 4: 1 2 3 4',
    'client streaming, sum of 1 2 3 4: 10',
    'both streaming, running total of 1 2 3 4: 1 3 6 10',
  ]);
});
