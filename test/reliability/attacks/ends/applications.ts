import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { ChannelOptions } from '@grpc/grpc-js';
import { Module, type INestApplicationContext, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
  type EngineName,
  type ListenMuxServerOptions,
} from '../../../../lib/index.js';
import { DialingController, ECHOES, ListeningController, type EchoesStub } from './services.js';

/** So short that silent connections are seen to be cut off while an attack lasts. */
const HANDSHAKE_TIMEOUT_MS = 1000;

/** What is not as by default. */
export type ListeningOptions = Pick<ListenMuxServerOptions, 'handshakeTimeoutMs' | 'drainMs'>;

/** What is not as by default. */
export interface DialingOptions {
  channelOptions?: ChannelOptions;
  /** Channel options of what it serves over its connection. */
  backchannelOptions?: ChannelOptions;
}

/** An application that listens. */
export interface Listening {
  app: INestApplicationContext;
  port: number;
  registry: Registry;
}

/** An application that has dialed it. */
export interface Dialing {
  app: INestApplicationContext;
  client: BackchannelClient;
  stub: EchoesStub;
}

/**
 * Listens on a port of loopback, as users' applications do.
 *
 * @param options - default: silent connections are cut off after one second.
 */
export async function startListening(
  engine: EngineName,
  logger: LoggerService | false,
  options: ListeningOptions = {},
): Promise<Listening> {
  @Module({
    imports: [
      BackchannelModule.forRoot({
        server: {
          ...ECHOES,
          url: '127.0.0.1:0',
          backchannel: ECHOES,
          handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
          engine,
          ...options,
        },
      }),
    ],
    controllers: [ListeningController],
  })
  class ListeningModule {}

  const app = await NestFactory.create(ListeningModule, { logger, abortOnError: false });
  connectBackchannel(app);
  await app.startAllMicroservices();
  const { port } = app.get(ListenMuxServer).address as AddressInfo;
  return { app, port, registry: app.get(Registry) };
}

/** Connects to a port of loopback, and serves over that connection. */
export async function startDialing(
  port: number,
  engine: EngineName,
  { channelOptions = {}, backchannelOptions = {} }: DialingOptions = {},
): Promise<Dialing> {
  const token = getBackchannelClientToken('LISTENER');
  const backchannel = { ...ECHOES, channelOptions: backchannelOptions };
  const options = { ...ECHOES, url: `127.0.0.1:${port}`, channelOptions, backchannel, engine };

  @Module({
    imports: [BackchannelModule.registerClient({ name: 'LISTENER', ...options })],
    controllers: [DialingController],
  })
  class DialingModule {}

  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(DialingModule, {
    useFactory: ({ strategy }: BackchannelClient) => ({ strategy }),
    inject: [token],
    logger: false,
    abortOnError: false,
  });
  await app.listen();
  const client = app.get<BackchannelClient>(token);
  await client.connect();
  return { app, client, stub: client.getService<EchoesStub>('Echoes') };
}
