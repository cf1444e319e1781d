import { once } from 'node:events';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  Registry,
  serveConnections,
  ServerHandshaker,
  type PeerConnectionInfo,
} from '../../lib/backchannel/index.js';
import { createListener, engineOf } from '../../lib/grpc/index.js';
import { ListenMux } from '../../lib/listenmux/index.js';
import { Soak, type Blob, type Task } from '../soak/ends/protos.js';

/** Peers of this package, or clients of the stock server of grpc-js. */
export type System = 'peers' | 'plain';

/** What both sides of both notice the other's death by: the defaults of this package. */
export const SIGNS_OF_LIFE = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** Echoes, and streams that go no faster than they are read. */
export const services: UntypedServiceImplementation = {
  Unary: (call: ServerUnaryCall<Task, Blob>, callback: sendUnaryData<Blob>) =>
    callback(null, { data: call.request.data }),
  ServerStream: (call: ServerWritableStream<Task, Blob>) => {
    const { data, replies } = call.request;
    let left = replies!;
    const write = (): void => {
      while (left > 0 && !call.cancelled) {
        left -= 1;
        if (!call.write({ data })) return void call.once('drain', write);
      }
      call.end();
    };
    write();
  },
};

/** A listening side of this package. */
export class PeersSide {
  readonly registry = new Registry();
  /** When connections were accepted: milliseconds since 1970. */
  readonly arrivals: number[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #listener = createListener() as NetServer;

  async listen(port: number): Promise<number> {
    const server = engineOf().createServer(SIGNS_OF_LIFE);
    server.addService(Soak.service, services);
    const mux = new ListenMux<PeerConnectionInfo>({
      onConnection: serveConnections(server),
      onHandshakeError: () => {}, // Whoever gave it up comes again.
    });
    mux.register(new ServerHandshaker(this.registry));
    mux.attach(this.#listener);
    this.#listener.on('connection', (socket) => {
      this.arrivals.push(Date.now());
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#listener.listen(port, '127.0.0.1');
    await once(this.#listener, 'listening');
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Breaks all connections; the port stays open, as that of a load balancer would. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The stock server of grpc-js. */
export function listenPlainly(): Promise<number> {
  const server = new Server(SIGNS_OF_LIFE);
  server.addService(Soak.service, services);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
