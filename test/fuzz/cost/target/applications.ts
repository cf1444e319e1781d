import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  PeerRefusedError,
  type BackchannelClient,
  type EngineName,
} from '../../../../lib/index.js';
import { securities } from '../../../fixtures/nest/tls.js';
import { COSTS, DialingController, ListeningController } from './service.js';

/** Milliseconds of the wait before the dialing side connects again. */
const RECONNECT_MS = 20;

/** How a target is set up. */
export interface TargetOptions {
  engine: EngineName;
  tls: boolean;
  /** Whether peers and plain clients are let in. */
  authorised: boolean;
}

/** Listens on a port of loopback, and tells which. */
export async function listen(options: TargetOptions, logger: LoggerService): Promise<number> {
  const { engine, tls, authorised } = options;
  const refused = {
    allowPlainClients: false,
    authorizePeer() {
      throw new PeerRefusedError('not you');
    },
  };
  const server = {
    ...COSTS,
    url: '127.0.0.1:0',
    backchannel: COSTS,
    engine,
    health: true,
    credentials: securities[tls ? 'TLS' : 'insecure'].server,
    ...(authorised ? {} : refused),
  };

  @Module({
    imports: [BackchannelModule.forRoot({ server })],
    controllers: [ListeningController],
  })
  class ListeningModule {}

  const app = await NestFactory.create(ListeningModule, { logger, abortOnError: false });
  connectBackchannel(app);
  await app.startAllMicroservices();
  return (app.get(ListenMuxServer).address as AddressInfo).port;
}

/** A dialing side of a port of loopback, which serves over the connection that it is told to make. */
export async function dial(
  options: TargetOptions,
  port: number,
  logger: LoggerService,
): Promise<BackchannelClient> {
  const token = getBackchannelClientToken('HUB');
  const registration = {
    ...COSTS,
    url: `localhost:${port}`,
    backchannel: COSTS,
    engine: options.engine,
    lazy: true, // It connects when the attacker is ready.
    credentials: securities[options.tls ? 'TLS' : 'insecure'].client,
    channelOptions: {
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
    },
  };

  @Module({
    imports: [BackchannelModule.registerClient({ name: 'HUB', ...registration })],
    controllers: [DialingController],
  })
  class DialingModule {}

  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(DialingModule, {
    useFactory: ({ strategy }: BackchannelClient) => ({ strategy }),
    inject: [token],
    logger,
    abortOnError: false,
  });
  await app.listen();
  return app.get<BackchannelClient>(token);
}
