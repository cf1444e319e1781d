import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import { distinctUntilChanged, map, skip, takeWhile } from 'rxjs';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  type BackchannelClient,
} from 'nestjs-backchannel';
import { hubUrl, reconnectProto } from './reconnect.js';

@Controller()
class AgentController {
  #times = 0;

  @GrpcMethod('Agent', 'Greet')
  greet(): { times: number } {
    this.#times += 1;
    return { times: this.#times };
  }
}

@Module({
  imports: [
    BackchannelModule.registerClient({
      name: 'HUB',
      url: hubUrl,
      ...reconnectProto,
      backchannel: reconnectProto,
      // Tries after up to 0.1 s, then after ever longer pauses up to 1 s; in production leave it at
      // 1 s and 30 s, or thousands of agents are upon a hub that has just been started.
      channelOptions: {
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1000,
      },
    }),
  ],
  controllers: [AgentController],
})
class AgentModule {}

const app = await NestFactory.create(AgentModule, { logger: ['error'] });
app
  .get<BackchannelClient>(getBackchannelClientToken('HUB'))
  .connection$.pipe(
    takeWhile(({ state }) => state !== 'closed'),
    map(({ state }) => state === 'ready'),
    distinctUntilChanged(),
    skip(1), // not yet connected
  )
  .subscribe((isReady) => console.log(isReady ? 'connected' : 'lost the connection, trying again'));
app.enableShutdownHooks(['SIGINT', 'SIGTERM']);
connectBackchannel(app);
await app.init();
await app.startAllMicroservices();
