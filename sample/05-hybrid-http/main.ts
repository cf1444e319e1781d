import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom } from 'rxjs';
import { connectBackchannel, ListenMuxServer, Registry } from 'nestjs-backchannel';
import { AgentModule } from './agent/agent.module.js';
import { AgentService } from './agent/agent.service.js';
import { HubModule } from './hub/hub.module.js';

async function create(module: Type | DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  connectBackchannel(app);
  return app;
}

const hub = await create(HubModule);
await hub.init();
await hub.startAllMicroservices();
await hub.listen(0, '127.0.0.1');
const httpUrl = await hub.getUrl();
const { port } = hub.get(ListenMuxServer).address as AddressInfo;

async function startAgent(name: string): Promise<INestApplication> {
  const agent = await create(AgentModule.named(name, `127.0.0.1:${port}`));
  const joined = firstValueFrom(agent.get(AgentService).joined$);
  await agent.init();
  await agent.startAllMicroservices();
  await joined;
  return agent;
}

/** Makes an HTTP request, and prints it and its reply. */
async function request(method: string, path: string, body?: object): Promise<void> {
  const json = body && JSON.stringify(body);
  const response = await fetch(`${httpUrl}${path}`, {
    method,
    ...(json && { body: json, headers: { 'content-type': 'application/json' } }),
  });
  console.log(`${method} ${path}${json ? ` ${json}` : ''}`);
  console.log(`  ${response.status} ${await response.text()}`);
}

const box1 = await startAgent('box-1');
const box2 = await startAgent('box-2');
await request('GET', '/agents');
await request('POST', '/agents/box-1/run', { command: 'whoami' });
await request('POST', '/agents/box-2/run', { command: 'whoami' });
await request('POST', '/agents/box-2/run', { command: 'fly' });
await request('POST', '/agents/box-3/run', { command: 'whoami' });

const left = firstValueFrom(
  hub.get(Registry).peers$.pipe(filter(({ type }) => type === 'disconnected')),
);
await box2.close();
await left;
console.log('box-2 stops');
await request('GET', '/agents');

await box1.close();
await hub.close();
