import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { credentials } from '@grpc/grpc-js';
// By the entry points of the layers: the package's own would load Nest too.
import {
  ClientHandshaker,
  getBackchannel,
  Registry,
  serveConnections,
  ServerHandshaker,
  type ClientConn,
  type PeerConnectionInfo,
  type PeerId,
  type SessionFactory,
} from '../../../../lib/backchannel/index.js';
import { createListener, engineOf } from '../../../../lib/grpc/index.js';
import { ListenMux } from '../../../../lib/listenmux/index.js';
import type { Callers } from '../callers.js';
import { DialingSide, ListeningSide, type Connection } from '../sides.js';
import { payloadService } from './payload-service.js';
import { Payload } from './protos.js';
import { echoOnce, StubCaller } from './stub-caller.js';

/** Our listening side: calls back all who connect. */
export class OursListening extends ListeningSide {
  readonly #sessionFactory: SessionFactory | undefined;

  constructor(sessionFactory?: SessionFactory) {
    super();
    this.#sessionFactory = sessionFactory;
  }

  async listen(): Promise<string> {
    const server = engineOf().createServer();
    server.addService(
      Payload.service,
      payloadService((call) => stubOf(getBackchannel(call))),
    );
    const mux = new ListenMux<PeerConnectionInfo>({ onConnection: serveConnections(server) });
    mux.register(
      new ServerHandshaker(this.createRegistry(), {
        ...(this.#sessionFactory && { sessionFactory: this.#sessionFactory }),
      }),
    );
    const listener = createListener();
    mux.attach(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  }

  protected createRegistry(): Registry {
    return new CallerRegistry(this.callers);
  }
}

/** Our listening side without stubs of its peers, which it does not call. */
export class UncallingListening extends OursListening {
  protected override createRegistry(): Registry {
    return new Registry();
  }
}

/** Our dialing side: calls forward, and serves who calls back. */
export class OursDialing extends DialingSide {
  readonly #handshaker: ClientHandshaker;

  constructor(sessionFactory?: SessionFactory) {
    super();
    this.#handshaker = new ClientHandshaker(
      () => {
        const server = engineOf().createServer();
        server.addService(Payload.service, payloadService());
        return server;
      },
      { ...(sessionFactory && { sessionFactory }) },
    );
  }

  protected async dial(address: string): Promise<Connection> {
    const client = new Payload(address, credentials.createInsecure(), {
      channelOverride: this.#handshaker.createChannel(address, credentials.createInsecure()),
    });
    const caller = new StubCaller(client);
    await this.getReady(caller);
    return { caller, close: () => client.close() };
  }

  /** Once called back, the connection is ready in both directions. */
  protected getReady(caller: StubCaller): Promise<unknown> {
    return echoOnce(caller.echoThroughPeer.bind(caller));
  }
}

/** Our dialing side, which is not called back. */
export class UncalledDialing extends OursDialing {
  protected override getReady(caller: StubCaller): Promise<unknown> {
    return echoOnce(caller.echo.bind(caller));
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
