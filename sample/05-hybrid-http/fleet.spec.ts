import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestPair, type TestPair } from 'nestjs-backchannel/testing';
import { AgentModule } from './agent/agent.module.js';
import type { Agent } from './fleet.js';
import { AgentsService } from './hub/agents.service.js';
import { HubModule } from './hub/hub.module.js';

let pair: TestPair;
let agents: AgentsService;

beforeEach(async () => {
  pair = await createTestPair({ listening: HubModule, dialing: AgentModule.named('box-1', 'hub') });
  agents = pair.listening.get(AgentsService);
  await expect.poll(() => agents.names).toEqual(['box-1']);
});

afterEach(() => pair.close());

it('has an agent that joined run a command', async () => {
  expect(await agents.run('box-1', 'whoami')).toBe('box-1');
});

it('calls the agent as whoever is connected can be called', async () => {
  const agent = pair.peer.getService<Agent>('Agent');

  await expect(firstValueFrom(agent.run({ command: 'fly' }))).rejects.toMatchObject({
    details: 'box-1 does not know how to fly',
  });
});

it('finds the agent again when the network was cut', async () => {
  pair.network.cut();
  const whoAmI = () => agents.run('box-1', 'whoami').catch(() => 'not there');

  await expect.poll(whoAmI, { timeout: 5000 }).toBe('box-1');
});
