import { credentials } from '@grpc/grpc-js';
import {
  type ClientConn,
  ClientHandshaker,
  ListenMux,
  Registry,
  ServerHandshaker,
  type PeerConnectionInfo,
} from '../../../../lib/index.js';
import { serveConnections } from '../../../../lib/core.js';
import { deferred } from './deferred.js';
import type { Connection, EnginePair, Link, LinkOptions } from './link.js';
import { Listening } from './listening.js';

/** Forward calls: the dialing side calls the listening side. */
export const forwardLink: Link = {
  name: 'forward over a backchannel connection',
  async connect(pair, options, prepare) {
    const server = pair.server.createServer(options.server);
    prepare(server);
    const mux = new ListenMux<PeerConnectionInfo>({ onConnection: serveConnections(server) });
    mux.register(new ServerHandshaker(new Registry(), { engine: pair.server }));
    const listening = await listen(mux);
    const handshaker = new ClientHandshaker(() => pair.client.createServer(), {
      engine: pair.client,
    });
    const channel = handshaker.createChannel(
      listening.address,
      credentials.createInsecure(),
      options.client,
    );
    return {
      channel,
      server,
      cut: () => listening.cut(),
      async close() {
        channel.close();
        server.forceShutdown();
        mux.close();
        await handshaker.close();
        await listening.close();
      },
    };
  },
};

/** Backchannel calls: the listening side calls the dialing side. */
export const callbackLink: Link = {
  name: 'backwards over a backchannel connection',
  async connect(pair: EnginePair, options: LinkOptions, prepare): Promise<Connection> {
    const registry = new Registry();
    const server = pair.server.createServer(options.server);
    prepare(server);
    const connected = deferred<PeerConnectionInfo>();
    const forwardServer = pair.client.createServer();
    const mux = new ListenMux<PeerConnectionInfo>({
      onConnection: (connection) => {
        serveConnections(forwardServer)(connection);
        connected.resolve(connection.context!);
      },
    });
    mux.register(
      new ServerHandshaker(registry, {
        engine: pair.client,
        ...(options.client && { channelOptions: options.client }),
      }),
    );
    const listening = await listen(mux);
    const handshaker = new ClientHandshaker(() => server, { engine: pair.server });
    const forward = handshaker.createChannel(listening.address, credentials.createInsecure());
    forward.getConnectivityState(true);
    const { peerId } = await connected.promise;
    const channel = owned(registry.backchannel(peerId));
    return {
      channel,
      server,
      cut: () => listening.cut(),
      async close() {
        channel.close();
        forward.close();
        mux.close();
        forwardServer.forceShutdown();
        server.forceShutdown();
        await handshaker.close();
        await listening.close();
      },
    };
  },
};

function listen(mux: ListenMux<PeerConnectionInfo>): Promise<Listening> {
  return new Listening((socket) => {
    socket.setNoDelay(true);
    mux.handle(socket);
  }).listen();
}

/** The channel of `conn`, closed as its owner does it: stubs cannot. */
function owned(conn: ClientConn): ClientConn['channel'] {
  const { channel } = conn;
  channel.close = () => conn.close();
  return channel;
}
