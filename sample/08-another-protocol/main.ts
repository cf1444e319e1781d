import 'reflect-metadata';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { NestFactory } from '@nestjs/core';
import { firstValueFrom } from 'rxjs';
import { BackchannelClient, connectBackchannel, ListenMuxServer } from 'nestjs-backchannel';
import { fleetProto, type Hub } from './fleet.js';
import { HubModule } from './hub.module.js';

const app = await NestFactory.create(HubModule, { logger: ['error'] });
connectBackchannel(app);
await app.init();
await app.startAllMicroservices();
const { port } = app.get(ListenMuxServer).address as AddressInfo;

const agents = [1, 2].map(() => new BackchannelClient({ url: `127.0.0.1:${port}`, ...fleetProto }));
for (const agent of agents) await agent.connect();

// gRPC and the protocol of the operators, on one port.
const hub = agents[0]!.getService<Hub>('Hub');
console.log((await firstValueFrom(hub.greet({ name: 'hub' }))).text);

const operator = connect(port, '127.0.0.1');
operator.write('fleetstatus');
console.log((await text(operator)).trimEnd());

for (const agent of agents) await agent.close();
await app.close();
