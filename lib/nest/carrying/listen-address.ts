import { lookup } from 'node:dns/promises';
import type { ListenOptions } from 'node:net';
import { experimental } from '@grpc/grpc-js';

/**
 * Returns the addresses to listen on for the `url` of a gRPC server, in the syntax of Nest's gRPC
 * transport: `host:port`, `[::]:port`, `unix:path`. A host name stands for all of its addresses.
 *
 * @throws Error naming the url if it has no port or a bad one; an error of the DNS lookup for an unknown
 * host.
 */
export async function listenAddresses(url: string): Promise<ListenOptions[]> {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(url);
  if (unix !== null) return [{ path: unix[1]! }];

  const hostPort = experimental.splitHostPort(
    url.replace(/^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?/, ''),
  );
  const port = hostPort?.port;
  if (hostPort === null || port === undefined || port > 65_535) {
    throw new Error(
      `cannot listen on url ${JSON.stringify(url)}: it must be "host:port" or "unix:path", such as "0.0.0.0:50051"`,
    );
  }
  const addresses = await lookup(hostPort.host, { all: true });
  return addresses.map(({ address }) => ({ host: address, port }));
}
