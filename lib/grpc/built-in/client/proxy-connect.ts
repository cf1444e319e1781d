import { request, STATUS_CODES } from 'node:http';
import { isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Proxy } from './proxy.js';

/** Host and port that a proxy is asked to connect to. */
export interface ProxyDestination {
  readonly host: string;
  readonly port: number;
}

/**
 * Makes the proxy at the other end of `socket` connect to `destination`. The returned socket carries only
 * bytes of the destination, from the first byte after the response of the proxy on.
 *
 * @param signal - aborts the attempt and closes `socket`.
 * @throws Error (as a rejection) that names the proxy, and the status if it refused.
 */
export function connectThrough(
  proxy: Proxy,
  socket: Socket,
  destination: ProxyDestination,
  signal: AbortSignal,
): Promise<Socket> {
  const name = `the proxy ${hostPort(proxy)}`;
  const path = hostPort(destination);
  const headers = { host: path, ...(proxy.authorization && authorizationOf(proxy.authorization)) };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(signal.aborted ? (signal.reason as Error) : error);
    };
    const asking = request({
      method: 'CONNECT',
      path,
      headers,
      signal,
      createConnection: () => (proxy.secure ? secured(socket, proxy.host) : socket),
    });
    asking.once('error', (error) => fail(new Error(`${name}: ${error.message}`, { cause: error })));
    asking.once('response', ({ statusCode }) => fail(refusal(name, path, statusCode)));
    asking.once('connect', ({ statusCode }, connected: Socket, head: Buffer) => {
      if (statusCode !== 200) return fail(refusal(name, path, statusCode));
      connected.on('error', () => {}); // Until its owner listens, an error must not end the process.
      if (head.length > 0) connected.unshift(head);
      resolve(connected);
    });
    asking.end();
  });
}

function secured(socket: Socket, host: string): Socket {
  return connectTls({ socket, host, ...(isIP(host) === 0 && { servername: host }) });
}

/** Uses Node's status text: a text of the proxy could be anything. */
function refusal(name: string, path: string, statusCode = 0): Error {
  const text = STATUS_CODES[statusCode] ?? 'no known status';
  const remedy = statusCode === 407 ? '; its url needs a user name and a password' : '';
  return new Error(`${name} refused to connect to ${path}: ${statusCode} ${text}${remedy}`);
}

function authorizationOf(authorization: string): Record<string, string> {
  return { 'proxy-authorization': authorization };
}

function hostPort({ host, port }: ProxyDestination): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
