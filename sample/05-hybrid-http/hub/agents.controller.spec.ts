import type { INestApplication } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Registry } from 'nestjs-backchannel';
import { createTestStub, TestRegistry } from 'nestjs-backchannel/testing';
import type { Agent } from '../fleet.js';
import { AgentsService } from './agents.service.js';
import { HubModule } from './hub.module.js';

const agent = createTestStub<Agent>({
  run: ({ command }) => {
    if (command === 'fly') throw { code: status.INVALID_ARGUMENT, details: 'cannot fly' };
    return { output: `did ${command}` };
  },
});

let registry: TestRegistry;
let app: INestApplication;

beforeEach(async () => {
  registry = new TestRegistry();
  const module = await Test.createTestingModule({ imports: [HubModule] })
    .overrideProvider(Registry)
    .useValue(registry)
    .compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

/** An agent connects and joins. */
function join(name: string) {
  const peer = registry.connect({ services: { Agent: agent } });
  app.get(AgentsService).join(name, peer.id);
  return peer;
}

async function fetchJson(path: string, command?: string): Promise<unknown> {
  const response = await fetch(`${await app.getUrl()}${path}`, {
    method: command === undefined ? 'GET' : 'POST',
    ...(command !== undefined && { body: new URLSearchParams({ command }) }),
  });
  return response.json();
}

it('lists the agents that are connected', async () => {
  const peer = join('box-2');
  join('box-1');
  expect(await fetchJson('/agents')).toEqual(['box-1', 'box-2']);

  registry.disconnect(peer);
  expect(await fetchJson('/agents')).toEqual(['box-1']);
});

it('has an agent run a command', async () => {
  join('box-1');

  expect(await fetchJson('/agents/box-1/run', 'a dance')).toEqual({ output: 'did a dance' });
});

it.each([
  ['an agent that is not there', 'box-2', 'whoami', { statusCode: 404 }],
  ['a command that it does not know', 'box-1', 'fly', { statusCode: 422, message: 'cannot fly' }],
])('says so of %s', async (_, name, command, reply) => {
  join('box-1');

  expect(await fetchJson(`/agents/${name}/run`, command)).toMatchObject(reply);
});

it('forgets who an agent was before it reconnected', async () => {
  const before = join('box-1');
  join('box-1');
  registry.disconnect(before, { cause: 'lost', error: new Error('cut') });

  expect(await fetchJson('/agents')).toEqual(['box-1']);
});
