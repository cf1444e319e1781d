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
    const failures = await listening(url, async () =>
      listener.listen(await listenAddresses(url), onError),
    );
    for (const { message } of failures) {
      onWarning(`${url}: does not listen on one of its addresses: ${message}`);
    }
    return listener;
  },
});

/** Remedies by the code of the error. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another process listens there, or this one twice; choose another port, or 0 for a free one',
  EADDRNOTAVAIL: 'this machine has no such address; "0.0.0.0:port" listens on all of its addresses',
  EACCES: 'choose a port above 1023, or a path in a directory that this process may write to',
  ENOTFOUND: 'no such host; "0.0.0.0:port" listens on all addresses of this machine',
};

/** Runs `listen`. @throws Error with url, remedy, the properties of the original error, and that error as `cause`. */
async function listening<T>(url: string, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = code === undefined ? undefined : REMEDIES[code];
    if (remedy === undefined) throw error;
    const problem = `cannot listen on url ${JSON.stringify(url)}: ${message}: ${remedy}`;
    throw Object.assign(new Error(problem, { cause: error }), error);
  }
}
