import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom } from 'rxjs';
import {
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
} from 'nestjs-backchannel';
import { BoxModule } from './box.module.js';
import type { Box, Hub } from './fleet.js';
import { HubModule } from './hub.module.js';

async function start(module: Type | DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: false });
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}

/** Starts a box, and says how its first attempt to connect ends. */
async function startBox(name?: string): Promise<INestApplication> {
  const box = await start(BoxModule.dialing(url, name));
  const client = box.get<BackchannelClient>(getBackchannelClientToken('HUB'));
  const outcome = await firstValueFrom(
    client.connection$.pipe(filter(({ state }) => state === 'ready' || state === 'failed')),
  );
  if (outcome.state === 'ready') {
    const reply = await firstValueFrom(client.getService<Hub>('Hub').whoAmI({}));
    console.log(`${name} is let in: to the hub it is "${reply.name}"`);
  } else if (outcome.state === 'failed') {
    console.log(
      name === undefined ? 'no certificate: TLS fails' : `${name}: ${outcome.error?.message}`,
    );
  }
  return box;
}

const hub = await start(HubModule);
const url = `127.0.0.1:${(hub.get(ListenMuxServer).address as AddressInfo).port}`;
const boxes: INestApplication[] = [];
for (const name of ['box-1', 'box-2', 'box-9', undefined]) boxes.push(await startBox(name));

const registry = hub.get(Registry);
for (const name of ['box-1', 'box-2', 'box-9']) {
  const status = registry.named(name)?.getService<Box>('Box').status({});
  const answer =
    status === undefined ? 'nobody of this name' : (await firstValueFrom(status)).status;
  console.log(`The hub asks ${name}: ${answer}`);
}

for (const app of [...boxes, hub]) await app.close();
