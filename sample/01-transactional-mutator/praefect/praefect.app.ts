import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  Transport,
  type AsyncMicroserviceOptions,
  type ClientGrpc,
  type ClientGrpcProxy,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import {
  BackchannelModule,
  getBackchannelClientToken,
  type BackchannelClient,
} from 'nestjs-backchannel';
import { multiplexer } from '../multiplexer.js';
import { gitalyProto, praefectProto, type Gitaly } from '../protos/index.js';
import { PraefectController } from './praefect.controller.js';

const GITALY = getBackchannelClientToken('GITALY');

/** Calls a mutator as a client that can be called back: starts the dialing side, and stops it again. */
export async function callMultiplexed(url: string): Promise<void> {
  @Module({
    imports: [
      BackchannelModule.registerClient({
        name: 'GITALY',
        url,
        ...gitalyProto,
        backchannel: praefectProto,
        ...multiplexer,
      }),
    ],
    controllers: [PraefectController],
  })
  class PraefectModule {}

  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(PraefectModule, {
    useFactory: (client: BackchannelClient) => ({ strategy: client.strategy }),
    inject: [GITALY],
    logger: ['warn', 'error'],
  });
  await app.listen();
  try {
    await callMutator(app.get<ClientGrpc>(GITALY));
  } finally {
    await app.close();
  }
}

/** Calls a mutator as a client that knows nothing of backchannels: Nest's own. */
export async function callPlain(url: string): Promise<void> {
  const client = ClientProxyFactory.create({
    transport: Transport.GRPC,
    options: { url, ...gitalyProto },
  }) as unknown as ClientGrpcProxy;
  try {
    await callMutator(client);
  } finally {
    client.close();
  }
}

async function callMutator(client: ClientGrpc): Promise<void> {
  await firstValueFrom(client.getService<Gitaly>('Gitaly').mutator({}));
}
