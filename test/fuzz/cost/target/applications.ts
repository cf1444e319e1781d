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
  Registry,
  type BackchannelClient,
  type EngineName,
  type ListenMuxServerOptions,
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
  /** Options of the server or the client that are not as by default. */
  more?: Pick<ListenMuxServerOptions, 'drainMs' | 'handshakeTimeoutMs'>;
}

/** An application that listens. */
export interface Hub {
  port: number;
  registry: Registry;
  close(): Promise<void>;
}

/** An application that dials. */
export interface Agent {
  client: BackchannelClient;
  close(): Promise<void>;
}

/** Says nothing. */
export const SILENT: LoggerService = { log() {}, error() {}, warn() {} };

/** Listens on a port of loopback. */
export async function listen(options: TargetOptions, logger: LoggerService): Promise<Hub> {
  const { engine, tls, authorised, more } = options;
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
    ...more,
  };

  @Module({
    imports: [BackchannelModule.forRoot({ server })],
    controllers: [ListeningController],
  })
  class ListeningModule {}

  const app = await NestFactory.create(ListeningModule, { logger, abortOnError: false });
  connectBackchannel(app);
  await app.startAllMicroservices();
  const { port } = app.get(ListenMuxServer).address as AddressInfo;
  return { port, registry: app.get(Registry), close: () => app.close() };
}

/** A dialing side of a port of loopback, which serves over the connection that it is told to make. */
export async function dial(
  options: TargetOptions,
  port: number,
  logger: LoggerService,
): Promise<Agent> {
  const token = getBackchannelClientToken('HUB');
  const registration = {
    ...COSTS,
    url: `localhost:${port}`,
    backchannel: COSTS,
    engine: options.engine,
    lazy: true, // It connects when the attacker is ready.
    credentials: securities[options.tls ? 'TLS' : 'insecure'].client,
    ...(options.more?.drainMs === undefined ? {} : { drainMs: options.more.drainMs }),
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
  return { client: app.get<BackchannelClient>(token), close: () => app.close() };
}
