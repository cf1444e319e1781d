import type { AddressInfo } from 'node:net';
import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { BackchannelModule, ListenMuxServer } from 'nestjs-backchannel';
import { multiplexer } from '../multiplexer.js';
import { gitalyProto, praefectProto } from '../protos/index.js';
import { GitalyController } from './gitaly.controller.js';

/** Starts the listening side. Port 0 lets the system choose one. */
export async function startGitaly(
  port: number,
): Promise<{ app: INestMicroservice; address: string }> {
  @Module({
    imports: [
      BackchannelModule.forRoot({
        server: {
          url: `127.0.0.1:${port}`,
          ...gitalyProto,
          backchannel: praefectProto,
          ...multiplexer,
        },
      }),
    ],
    controllers: [GitalyController],
  })
  class GitalyModule {}

  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(GitalyModule, {
    useFactory: (strategy: ListenMuxServer) => ({ strategy }),
    inject: [ListenMuxServer],
    logger: ['warn', 'error'],
  });
  await app.listen();
  const { address, port: chosen } = app.get(ListenMuxServer).address as AddressInfo;
  return { app, address: `${address}:${chosen}` };
}
