import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { credentials, Server, type Client } from '@grpc/grpc-js';
// By the doors of the rooms: the package's own would load Nest too.
import {
  ClientHandshaker,
  getBackchannel,
  Registry,
  serveConnections,
  ServerHandshaker,
  type ClientConn,
  type PeerConnection,
  type PeerId,
  type SessionFactory,
} from '../../../../lib/backchannel/index.js';
import { createListener } from '../../../../lib/grpc/index.js';
import { ListenMux } from '../../../../lib/listenmux/index.js';
import { Callers } from '../callers.js';
import type { CallingEnd } from '../end.js';
import { payloadService } from './payload-service.js';
import { Payload } from './protos.js';
import { echoOnce, StubCaller } from './stub-caller.js';

/** Our listening side: calls back all who connect. */
export class OursListening implements CallingEnd {
  readonly callers = new Callers();
  readonly #sessionFactory: SessionFactory | undefined;

  constructor(sessionFactory?: SessionFactory) {
    this.#sessionFactory = sessionFactory;
  }

  async listen(): Promise<string> {
    const server = new Server();
    server.addService(
      Payload.service,
      payloadService((call) => stubOf(getBackchannel(call))),
    );
    const mux = new ListenMux<PeerConnection>({ onConnection: serveConnections(server) });
    mux.register(
      new ServerHandshaker(new CallerRegistry(this.callers), {
        ...(this.#sessionFactory && { sessionFactory: this.#sessionFactory }),
      }),
    );
    const listener = createListener();
    mux.attach(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  }

  connect(): Promise<void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  firstReply(): Promise<() => void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

/** Our dialing side: calls forward, and serves who calls back. */
export class OursDialing implements CallingEnd {
  readonly callers = new Callers();
  readonly #handshaker: ClientHandshaker;
  readonly #clients: { client: Client; caller: StubCaller }[] = [];

  constructor(sessionFactory?: SessionFactory) {
    this.#handshaker = new ClientHandshaker(
      () => {
        const server = new Server();
        server.addService(Payload.service, payloadService());
        return server;
      },
      { ...(sessionFactory && { sessionFactory }) },
    );
  }

  listen(): Promise<string> {
    return Promise.reject(new Error('it is the other side that listens'));
  }

  async connect(address: string): Promise<void> {
    const client = this.#dial(address);
    const caller = new StubCaller(client);
    // Once called back, the connection is ready in both directions.
    await echoOnce(caller.echoThroughPeer.bind(caller));
    this.#clients.push({ client, caller });
    this.callers.add(caller);
  }

  disconnect(): Promise<void> {
    for (const { client, caller } of this.#clients.splice(0)) {
      this.callers.remove(caller);
      client.close();
    }
    return Promise.resolve();
  }

  async firstReply(address: string): Promise<() => void> {
    const client = this.#dial(address);
    const caller = new StubCaller(client);
    await echoOnce(caller.echoThroughPeer.bind(caller));
    return () => client.close();
  }

  #dial(address: string): Client {
    return new Payload(address, credentials.createInsecure(), {
      channelOverride: this.#handshaker.createChannel(address, credentials.createInsecure()),
    });
  }
}

/** Makes a caller of every peer. */
class CallerRegistry extends Registry {
  readonly #callers: Callers;
  readonly #byId = new Map<PeerId, StubCaller>();

  constructor(callers: Callers) {
    super();
    this.#callers = callers;
  }

  override registerBackchannel(conn: ClientConn): PeerId {
    const id = super.registerBackchannel(conn);
    const caller = stubOf(conn);
    this.#byId.set(id, caller);
    this.#callers.add(caller);
    return id;
  }

  override removeBackchannel(id: PeerId): void {
    super.removeBackchannel(id);
    const caller = this.#byId.get(id);
    this.#byId.delete(id);
    if (caller) this.#callers.remove(caller);
  }
}

function stubOf(conn: ClientConn): StubCaller {
  return new StubCaller(conn.client(Payload));
}
