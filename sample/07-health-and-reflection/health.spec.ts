import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestPair, type TestPair } from 'nestjs-backchannel/testing';
import { AgentModule } from './agent.module.js';
import { Explorer } from './explorer.js';
import { HubModule } from './hub.module.js';

let pair: TestPair;

beforeEach(async () => {
  pair = await createTestPair({ listening: HubModule, dialing: AgentModule.dialing('hub') });
});

afterEach(() => pair.close());

it('is up over HTTP while there is an agent, and down without', async () => {
  await pair.listening.listen(0, '127.0.0.1');
  const url = `${await pair.listening.getUrl()}/health`;
  expect((await fetch(url)).status).toBe(200);

  pair.network.goDown();
  await expect.poll(async () => (await fetch(url)).status).toBe(503);
});

it('explores an agent over the backchannel', async () => {
  const explorer = new Explorer((Stub) => pair.peer.backchannel.client(Stub));

  expect(await explorer.list()).toContain('fleet.Agent');
  expect(await explorer.call('fleet.Agent/Run', { command: 'sing' })).toEqual({
    output: 'did sing',
  });
  await expect(explorer.call('fleet.Nobody/Run', {})).rejects.toThrow('fleet.Nobody');
});
