import { Test } from '@nestjs/testing';
import { expect, it, onTestFinished } from 'vitest';
import { getBackchannelClientToken } from 'nestjs-backchannel';
import { createTestStub, TestClient } from 'nestjs-backchannel/testing';
import type { Hub } from '../fleet.js';
import { AgentModule } from './agent.module.js';

it('joins whenever it is connected', async () => {
  const joined: string[] = [];
  const hub = createTestStub<Hub>({
    join: ({ name }) => {
      joined.push(name);
      return {};
    },
  });
  const client = new TestClient({ services: { Hub: hub }, connection: { state: 'connecting' } });
  const agent = await Test.createTestingModule({ imports: [AgentModule.named('box-1', 'hub')] })
    .overrideProvider(getBackchannelClientToken('HUB'))
    .useValue(client)
    .compile();
  onTestFinished(() => agent.close());
  expect(joined).toEqual([]);

  client.become({ state: 'ready' });
  expect(joined).toEqual(['box-1']);

  client.become({ state: 'idle', error: new Error('lost') });
  client.become({ state: 'ready' });
  expect(joined).toEqual(['box-1', 'box-1']);
});
