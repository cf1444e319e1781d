import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
} from 'nestjs-backchannel';
import { AgentModule } from './agent.module.js';
import { callAllKinds } from './call-all-kinds.js';
import { HubModule } from './hub.module.js';
import type { Numbers } from './numbers.js';

async function start(module: Type | DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}

const hub = await start(HubModule);
const { port } = hub.get(ListenMuxServer).address as AddressInfo;
const agent = await start(AgentModule.dialing(`127.0.0.1:${port}`));

console.log('Forward calls, the dialing side to the listening side:');
const client = agent.get<BackchannelClient>(getBackchannelClientToken('HUB'));
const forward = await callAllKinds(client.getService<Numbers>('Numbers'));
console.log(forward.map((line) => `  ${line}`).join('\n'));

console.log('Backchannel calls, the listening side to the dialing side:');
const peer = await hub.get(Registry).waitFor();
const back = await callAllKinds(peer.getService<Numbers>('Numbers'));
console.log(back.map((line) => `  ${line}`).join('\n'));

await agent.close();
await hub.close();
