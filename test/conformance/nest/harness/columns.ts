import type { DynamicModule } from '@nestjs/common';
import {
  ClientsModule,
  Transport,
  type AsyncMicroserviceOptions,
  type ClientGrpc,
  type GrpcOptions,
} from '@nestjs/microservices';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
} from 'nestjs-backchannel';
import type { Column, Engine } from './column.js';
import type { Link } from './link.js';
import { servedProtos } from './protos.js';

const ENGINES: readonly Engine[] = ['built-in', 'grpc-js'];

/** Calls of grpc-js that are given up before they begin may keep its connection open for as long as this. */
const drainMs = 1000;

/** The stock transport of NestJS at both ends. */
const stock: Column = {
  name: 'stock',
  listens: 'serving',
  callsByListening: false,
  imports: (_serves, calls) => calls.map(stockClient),
  microservice: stockServer,
  connect: (app, serves, options) =>
    serves === undefined ? [] : [app.connectMicroservice(stockServer(serves), options)],
  client: (app, { name }) => app.get<ClientGrpc>(name),
  served: async () => {},
};

/** Ours at both ends: the dialing side calls. */
const forward = (engine: Engine): Column => ({
  name: `forward, ${engine}`,
  listens: 'serving',
  callsByListening: false,
  imports: (serves, calls) => [
    ...listener(engine, serves),
    ...calls.map(({ name, dialUrl: url, calling }) =>
      BackchannelModule.registerClient({ name, url, engine, drainMs, ...calling }),
    ),
  ],
  microservice: () => hosting(ListenMuxServer, (server: ListenMuxServer) => server),
  connect: (app, serves, options) => (serves === undefined ? [] : connectBackchannel(app, options)),
  client: (app, { name }) => app.get<ClientGrpc>(getBackchannelClientToken(name)),
  served: async () => {},
});

/** Ours at both ends: the listening side calls, the dialing side serves. */
const overBackchannel = (engine: Engine): Column => ({
  name: `backchannel, ${engine}`,
  listens: 'calling',
  callsByListening: true,
  imports: (serves, calls) => [...dialer(engine, serves), ...callingListener(engine, calls)],
  microservice: ({ name }) =>
    hosting(getBackchannelClientToken(name), ({ strategy }: BackchannelClient) => strategy),
  connect: (app, _serves, options) => connectBackchannel(app, options),
  client: (app, { order }) => app.get(Registry).backchannel(order),
  served: (app, { name }) => app.get<BackchannelClient>(getBackchannelClientToken(name)).connect(),
});

/** The stock clients of NestJS on our port. */
const plainClients = (engine: Engine): Column => ({
  name: `plain clients, ${engine}`,
  listens: 'serving',
  callsByListening: false,
  imports: (serves, calls) => [...listener(engine, serves), ...calls.map(stockClient)],
  microservice: () => hosting(ListenMuxServer, (server: ListenMuxServer) => server),
  connect: (app, serves, options) => (serves === undefined ? [] : connectBackchannel(app, options)),
  client: (app, { name }) => app.get<ClientGrpc>(name),
  served: async () => {},
});

/** Those with Nest's own clients. */
export const columnsOfStockClients: readonly Column[] = [stock, ...ENGINES.map(plainClients)];

/** Those with ours at both ends. */
export const columnsOfOurClients: readonly Column[] = ENGINES.flatMap((engine) => [
  forward(engine),
  overBackchannel(engine),
]);

function stockServer({ url, serving }: Link): GrpcOptions {
  return { transport: Transport.GRPC, options: { url, ...serving } };
}

function stockClient({ name, dialUrl: url, calling }: Link): DynamicModule {
  return ClientsModule.register([
    { name, transport: Transport.GRPC, options: { url, ...calling } },
  ]);
}

function listener(engine: Engine, link: Link | undefined): DynamicModule[] {
  if (link === undefined) return [];
  return [BackchannelModule.forRoot({ server: { url: link.url, engine, ...link.serving } })];
}

/** Serves over the connection that it dials. */
function dialer(engine: Engine, link: Link | undefined): DynamicModule[] {
  if (link === undefined) return [];
  const { gracefulShutdown, drainMs: ownDrainMs, ...backchannel } = link.serving;
  return [
    BackchannelModule.registerClient({
      name: link.name,
      url: link.dialUrl,
      engine,
      ...servedProtos,
      ...(gracefulShutdown !== undefined && { gracefulShutdown }),
      ...(ownDrainMs !== undefined && { drainMs: ownDrainMs }),
      backchannel,
    }),
  ];
}

/** Calls whoever dials it; all links lead to one port. */
function callingListener(engine: Engine, [link]: readonly Link[]): DynamicModule[] {
  if (link === undefined) return [];
  return [
    BackchannelModule.forRoot({
      server: { url: link.url, engine, drainMs, ...servedProtos, backchannel: link.calling },
    }),
  ];
}

/** The strategy that `find` finds in what is provided as `token`. */
function hosting<T>(
  token: string | (new (...args: never[]) => T),
  find: (provided: T) => unknown,
): AsyncMicroserviceOptions {
  return {
    inject: [token],
    useFactory: (provided: T) => ({ strategy: find(provided) }),
  } as AsyncMicroserviceOptions;
}
