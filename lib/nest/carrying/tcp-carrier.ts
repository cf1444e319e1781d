import { createListener } from '../../grpc/index.js';
import type { BackchannelCarrier } from './carrier.js';
import { listenAddresses } from './listen-address.js';
import { TcpListener } from './tcp-listener.js';

/**
 * The default carrier: listens on TCP, or on a Unix socket (`unix:path`), with TLS if there are
 * credentials. The gRPC engine dials.
 */
export const tcpCarrier: BackchannelCarrier = Object.freeze<BackchannelCarrier>({
  async listen(url, acceptor, { credentials, handshakeTimeoutMs, onWarning, onError }) {
    const listener = new TcpListener(() => {
      const server = createListener(credentials, handshakeTimeoutMs);
      acceptor.attach(server);
      return server;
    });
    const failures = await listener.listen(await listenAddresses(url), onError);
    for (const { message } of failures) {
      onWarning(`${url}: does not listen on one of its addresses: ${message}`);
    }
    return listener;
  },
});
