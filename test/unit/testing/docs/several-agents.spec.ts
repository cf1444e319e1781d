import { expect, it, onTestFinished } from 'vitest';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { BACKCHANNEL_CARRIER, connectBackchannel } from 'nestjs-backchannel';
import { MemoryNetwork } from 'nestjs-backchannel/testing';
import { AgentModule } from '../../../../sample/05-hybrid-http/agent/agent.module.js';
import { AgentsService } from '../../../../sample/05-hybrid-http/hub/agents.service.js';
import { HubModule } from '../../../../sample/05-hybrid-http/hub/hub.module.js';

async function start(
  module: Type | DynamicModule,
  network: MemoryNetwork,
): Promise<INestApplication> {
  const compiled = await Test.createTestingModule({ imports: [module] })
    .overrideProvider(BACKCHANNEL_CARRIER)
    .useValue(network)
    .compile();
  const app = compiled.createNestApplication();
  onTestFinished(() => app.close());
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}

it('has many agents at once', async () => {
  const network = new MemoryNetwork();
  const hub = await start(HubModule, network);
  const names = ['box-1', 'box-2', 'box-3'];
  for (const name of names) await start(AgentModule.named(name, network.urls[0]!), network);

  const agents = hub.get(AgentsService);
  await expect.poll(() => agents.names).toEqual(names);
  expect(await Promise.all(names.map((name) => agents.run(name, 'whoami')))).toEqual(names);
});
