import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  GrpcMethod,
  Payload,
  Transport,
  type ClientGrpcProxy,
} from '@nestjs/microservices';
import { type Observable } from 'rxjs';
import { Backchannel, BackchannelClient, ListenMuxServer } from '../../../../lib/index.js';
import { Callers } from '../callers.js';
import type { Caller, CallingEnd } from '../end.js';
import type { Blob } from './payload-service.js';
import { LOADER, PAYLOAD_PROTO } from './protos.js';
import { echoOnce } from './stub-caller.js';

const SERVICES = { package: '', protoPath: PAYLOAD_PROTO, loader: LOADER };

/** Stub of the service `Payload`, as Nest makes them. */
interface PayloadStub {
  echo(blob: Blob): Observable<Blob>;
  echoThroughPeer(blob: Blob): Observable<Blob>;
}

/** Calls by a stub of Nest's. */
class NestCaller implements Caller {
  constructor(private readonly stub: PayloadStub) {}

  echo(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void {
    this.stub.echo({ data }).subscribe({
      next: (reply) => callback(null, reply.data),
      error: callback,
    });
  }

  echoThroughPeer(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void {
    this.stub.echoThroughPeer({ data }).subscribe({
      next: (reply) => callback(null, reply.data),
      error: callback,
    });
  }

  download(): never {
    throw new Error('behind Nest only unary calls are measured');
  }
}

@Controller()
class EchoController {
  @GrpcMethod('Payload')
  echo(blob: Blob): Blob {
    return blob;
  }
}

/** Learns of its callers as they call. */
@Controller()
class ListeningController extends EchoController {
  static readonly callers = new Callers();

  @GrpcMethod('Payload')
  echoThroughPeer(
    @Payload() blob: Blob,
    // It is used for as long as the peer is connected.
    @Backchannel('Payload', { detached: true }) caller: PayloadStub,
  ): Observable<Blob> {
    ListeningController.callers.add(new NestCaller(caller));
    return caller.echo(blob);
  }
}

@Module({ controllers: [EchoController] })
class StockModule {}

@Module({ controllers: [ListeningController] })
class ListeningModule {}

abstract class NestEnd implements CallingEnd {
  readonly callers = ListeningController.callers;

  listen(): Promise<string> {
    return Promise.reject(new Error('it is the other side that listens'));
  }

  connect(_address: string): Promise<void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  firstReply(): Promise<() => void> {
    return Promise.reject(new Error('behind Nest only calls are measured'));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

/** The stock gRPC transport of Nest, both sides. */
export class StockNest extends NestEnd {
  override async listen(): Promise<string> {
    const url = `127.0.0.1:${await freePort()}`;
    await listen(
      await NestFactory.createMicroservice(StockModule, {
        transport: Transport.GRPC,
        options: { ...SERVICES, url },
        logger: ['error'],
      }),
    );
    return url;
  }

  override async connect(url: string): Promise<void> {
    const client = ClientProxyFactory.create({
      transport: Transport.GRPC,
      options: { ...SERVICES, url },
    }) as unknown as ClientGrpcProxy;
    const caller = new NestCaller(client.getService<PayloadStub>('Payload'));
    await echoOnce(caller.echo.bind(caller));
    this.callers.add(caller);
  }
}

/** The listening side of this package behind Nest. */
export class OursNestListening extends NestEnd {
  override async listen(): Promise<string> {
    const strategy = new ListenMuxServer({
      ...SERVICES,
      url: '127.0.0.1:0',
      backchannel: SERVICES,
    });
    await listen(
      await NestFactory.createMicroservice(ListeningModule, { strategy, logger: ['error'] }),
    );
    return `127.0.0.1:${(strategy.address as AddressInfo).port}`;
  }
}

/** The dialing side of this package behind Nest. */
export class OursNestDialing extends NestEnd {
  override async connect(url: string): Promise<void> {
    const client = new BackchannelClient({
      ...SERVICES,
      url,
      backchannel: SERVICES,
    });
    await listen(
      await NestFactory.createMicroservice(StockModule, {
        strategy: client.strategy,
        logger: ['error'],
      }),
    );
    await client.connect();
    const caller = new NestCaller(client.getService<PayloadStub>('Payload'));
    await echoOnce(caller.echoThroughPeer.bind(caller));
    this.callers.add(caller);
  }
}

async function listen(app: INestMicroservice): Promise<void> {
  await app.listen();
}

/** The stock transport does not tell which port it was given, so it must be told one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
