import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
// By the entry points of the layers: the package's own would load Nest too.
import {
  getBackchannel,
  getPeerId,
  Registry,
  serveConnections,
  ServerHandshaker,
  yamuxSessionFactory,
  type MultiplexSession,
  type PeerConnectionInfo,
  type PeerId,
} from '../../../lib/backchannel/index.js';
import { createListener, engineOf } from '../../../lib/grpc/index.js';
import { ListenMux } from '../../../lib/listenmux/index.js';
import { Random } from '../random.js';
import { CallBook } from './call-book.js';
import { SIGNS_OF_LIFE } from './churner.js';
import { notThisSide, type End } from './end.js';
import { load } from './load.js';
import { Host, Soak, type Blob, type Task } from './protos.js';
import { soakService } from './soak-service.js';
import { unary } from './unary.js';

type Call = ServerUnaryCall<Task, Blob>;

/** Of `CallMany`. */
const CALLS_IN_FLIGHT = 3;

/** Serves whoever connects, and calls back. */
export class ListeningEnd implements End {
  readonly book = new CallBook();
  readonly #registry = new Registry();
  readonly #createSession = yamuxSessionFactory();
  /** By what `call.getPeer()` says. */
  readonly #connections = new Map<string, { socket: Duplex; session: MultiplexSession }>();
  /** Of the last call that `HangUp` or `Cut` was not asked by. */
  #lastPeer: PeerId = 0;

  get registrySize(): number {
    return this.#registry.size;
  }

  async listen(): Promise<string> {
    const server = engineOf().createServer(SIGNS_OF_LIFE);
    server.addService(Soak.service, soakService(this.book));
    server.addService(Host.service, {
      CallBack: (call: Call, callback: sendUnaryData<Blob>) => this.#callBack(call, callback),
      CallMany: (call: Call, callback: sendUnaryData<Blob>) => this.#callMany(call, callback),
      HangUp: (call: Call, callback: sendUnaryData<Blob>) => this.#hangUp(call, callback),
      Cut: (call: Call) => this.#cut(call),
    });
    const mux = new ListenMux<PeerConnectionInfo>({
      onConnection: serveConnections(server),
      onHandshakeError: (error) => this.book.fault(`a handshake failed: ${error.message}`),
    });
    mux.register(
      new ServerHandshaker(this.#registry, {
        sessionFactory: (socket, role) => this.#remember(socket, this.#createSession(socket, role)),
      }),
    );
    const listener = createListener();
    mux.attach(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  }

  /** On the connection that called last. */
  calls(order: { count: number; inFlight: number }, random: Random): Promise<void> {
    const client = this.#registry.backchannel(this.#lastPeer).client(Soak);
    return load(client, order, random, this.book);
  }

  readonly connections = notThisSide;
  readonly churn = notThisSide;
  readonly connect = notThisSide;
  readonly disconnect = notThisSide;

  #remember(socket: Duplex, session: MultiplexSession): MultiplexSession {
    const { remoteAddress, remotePort } = socket as Duplex & {
      remoteAddress: string;
      remotePort: number;
    };
    const name = `${remoteAddress}:${remotePort}`;
    this.#connections.set(name, { socket, session });
    void session.closed.then(() => this.#connections.delete(name));
    return session;
  }

  #callBack(call: Call, callback: sendUnaryData<Blob>): void {
    this.book.handle(call);
    this.#lastPeer = getPeerId(call);
    const { data, action } = call.request;
    // Held, it ends with the connection.
    const expected = action === 'HOLD' ? status.UNAVAILABLE : status.OK;
    void unary(this.book, `back call, ${action}`, [expected], (done) =>
      getBackchannel(call)
        .client(Soak)
        .Unary({ data, action }, {}, (error, reply) => {
          done(error, reply);
          callback(error, reply);
        }),
    );
  }

  #callMany(call: Call, callback: sendUnaryData<Blob>): void {
    this.book.handle(call);
    const { data, replies, seed } = call.request;
    const client = getBackchannel(call).client(Soak);
    const order = { count: replies!, inFlight: CALLS_IN_FLIGHT };
    void load(client, order, new Random(seed!), this.book).then(() => callback(null, { data }));
  }

  #hangUp(call: Call, callback: sendUnaryData<Blob>): void {
    this.book.handle(call);
    callback(null, { data: call.request.data });
    void this.#connections.get(call.getPeer())!.session.close();
  }

  #cut(call: Call): void {
    const { socket } = this.#connections.get(call.getPeer())!;
    this.#callBack(call, () => {});
    setTimeout(() => socket.destroy(), call.request.cutAfterMs);
  }
}
