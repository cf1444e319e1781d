import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { credentials } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import { connectBackchannel, ListenMuxServer, Registry } from 'nestjs-backchannel';
import { AgentModule } from './agent.module.js';
import { Explorer } from './explorer.js';
import { HubModule } from './hub.module.js';

async function start(module: Type | DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}

async function list(explorer: Explorer): Promise<void> {
  console.log('  list');
  for (const name of await explorer.list()) console.log(`    ${name}`);
}

async function call(explorer: Explorer, path: string, request: object): Promise<void> {
  console.log(`  call ${path} ${JSON.stringify(request)}`);
  console.log(`    ${JSON.stringify(await explorer.call(path, request))}`);
}

async function getHealth(): Promise<void> {
  const response = await fetch(`${await hub.getUrl()}/health`);
  const { status, message } = (await response.json()) as Record<string, string>;
  console.log(`  ${response.status} ${status ?? message}`);
}

const hub = await start(HubModule);
await hub.listen(0, '127.0.0.1');
const { port } = hub.get(ListenMuxServer).address as AddressInfo;
const url = `127.0.0.1:${port}`;

console.log('A plain client that knows the address of the hub, and nothing of its services:');
const hubExplorer = new Explorer((Stub) => new Stub(url, credentials.createInsecure()));
await list(hubExplorer);
await call(hubExplorer, 'fleet.Hub/Hello', { name: 'grpcurl' });
await call(hubExplorer, 'grpc.health.v1.Health/Check', { service: 'fleet.Hub' });

console.log('GET /health, before there is an agent:');
await getHealth();

const agent = await start(AgentModule.dialing(url));
const peer = await hub.get(Registry).waitFor();
console.log('GET /health, when there is one:');
await getHealth();

console.log('The hub, which knows nothing of the services of that agent:');
const agentExplorer = new Explorer((Stub) => peer.backchannel.client(Stub));
await list(agentExplorer);
await call(agentExplorer, 'fleet.Agent/Run', { command: 'a dance' });
await call(agentExplorer, 'grpc.health.v1.Health/Check', { service: 'fleet.Agent' });

await agent.close();
await hub.close();
