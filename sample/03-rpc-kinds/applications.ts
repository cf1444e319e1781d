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
  type Peer,
} from 'nestjs-backchannel';

/** Both applications, connected. */
export interface Applications {
  /** Calls the listening side. */
  readonly client: BackchannelClient;
  /** The dialing side, for calls to it. */
  readonly peer: Peer;
  close(): Promise<void>;
}

/**
 * Starts the listening side, and a dialing side that connects to it.
 *
 * @param dialing - the module of a dialing side that connects to the given url.
 */
export async function startApplications(
  listening: Type,
  dialing: (url: string) => DynamicModule,
): Promise<Applications> {
  const hub = await start(listening);
  const { port } = hub.get(ListenMuxServer).address as AddressInfo;
  const agent = await start(dialing(`127.0.0.1:${port}`));
  return {
    client: agent.get<BackchannelClient>(getBackchannelClientToken('HUB')),
    peer: await hub.get(Registry).waitFor(),
    async close() {
      await agent.close();
      await hub.close();
    },
  };
}

async function start(module: Type | DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}
