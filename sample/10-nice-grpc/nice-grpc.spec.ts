import type { Channel } from '@grpc/grpc-js';
import { createClient } from 'nice-grpc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestPair, type TestPair } from 'nestjs-backchannel/testing';
import { AgentModule } from '../03-rpc-kinds/agent.module.js';
import { callWithPromises } from '../03-rpc-kinds/call-with-promises.js';
import { HubModule } from '../03-rpc-kinds/hub.module.js';
import { NumbersDefinition } from './generated/numbers.js';

let pair: TestPair;

beforeAll(async () => {
  pair = await createTestPair({ listening: HubModule, dialing: AgentModule.dialing('hub') });
});

afterAll(() => pair.close());

it.each<[string, () => Channel]>([
  ['forward', () => pair.client().unwrap<Channel>()],
  ['back', () => pair.peer.backchannel.channel as Channel],
])('calls of all kinds go %s', async (_, channel) => {
  expect(await callWithPromises(createClient(NumbersDefinition, channel()))).toEqual([
    'unary, double 21: 42',
    'server streaming, count to 4: 1 2 3 4',
    'client streaming, sum of 1 2 3 4: 10',
    'both streaming, running total of 1 2 3 4: 1 3 6 10',
  ]);
});
