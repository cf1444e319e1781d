import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { firstValueFrom } from 'rxjs';
import { BackchannelModule, connectBackchannel, Registry, type Peer } from 'nestjs-backchannel';
import { hubUrl, reconnectProto, type Agent } from './reconnect.js';

@Module({
  imports: [
    BackchannelModule.forRoot({
      server: { url: hubUrl, ...reconnectProto, backchannel: reconnectProto },
    }),
  ],
})
class HubModule {}

/** Calls whoever has just connected. */
async function greet(peer: Peer): Promise<void> {
  const { times } = await firstValueFrom(peer.getService<Agent>('Agent').greet({}));
  console.log(
    `peer ${peer.id} connected, and was greeted ${times === 1 ? 'once' : `${times} times`}`,
  );
}

// A hub that was killed leaves its socket behind.
if (hubUrl.startsWith('unix:')) rmSync(hubUrl.slice('unix:'.length), { force: true });

const app = await NestFactory.create(HubModule, { logger: ['error'] });
app.get(Registry).peers$.subscribe((event) => {
  if (event.type === 'connected') greet(event.peer).catch(console.error);
  else console.log(`peer ${event.peer.id} is gone: ${event.departure.cause}`);
});
app.enableShutdownHooks(['SIGINT', 'SIGTERM']);
connectBackchannel(app);
await app.init();
await app.startAllMicroservices();
console.log('listening');
