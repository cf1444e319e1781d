import type { NetConnectOpts } from 'node:net';
import { experimental } from '@grpc/grpc-js';

/** Port of targets that name none, as for grpc-js. */
const DEFAULT_PORT = 443;

/** Where a channel connects to. */
export interface Target {
  /** As grpc-js writes it. */
  readonly uri: experimental.GrpcUri;
  /** What `:authority` says unless an option does. */
  readonly authority: string;
  /** Addresses to try, one after the other. Names are looked up anew by each attempt. */
  readonly addresses: readonly NetConnectOpts[];
}

/**
 * Reads a target in the syntax of gRPC ("Name Syntax"): `host:port`, `dns:`, `ipv4:`, `ipv6:`, `unix:`
 * and `unix-abstract:`. Others need a resolver; for them, it is undefined.
 */
export function parseTarget(target: string): Target | undefined {
  if (target === '') return undefined;
  const [, scheme, , authority, path = ''] =
    /^(?:([A-Za-z0-9+.-]+):)?(\/\/([^/]*)\/)?(.+)$/.exec(target) ?? [];
  const uri: experimental.GrpcUri = {
    ...(scheme !== undefined && { scheme }),
    ...(authority !== undefined && { authority }),
    path,
  };
  switch (scheme) {
    case 'dns':
      return byName(uri);
    case 'ipv4':
    case 'ipv6':
      return byAddress(uri);
    case 'unix':
      return { uri, authority: 'localhost', addresses: [{ path: pathOf(uri) }] };
    case 'unix-abstract':
      return { uri, authority: 'localhost', addresses: [{ path: `\0${path}` }] };
    default: {
      // `localhost:50051` has no scheme, though it looks as if it had.
      const isSchemeOfOthers = scheme !== undefined && target.startsWith(`${scheme}://`);
      return isSchemeOfOthers ? undefined : byName({ scheme: 'dns', path: target });
    }
  }
}

function byName(uri: experimental.GrpcUri): Target | undefined {
  const address = addressOf(uri.path);
  return address && { uri, authority: uri.path, addresses: [address] };
}

function byAddress(uri: experimental.GrpcUri): Target | undefined {
  const parts = uri.path.split(',');
  const addresses = parts.map(addressOf);
  if (!addresses.every((address) => address !== undefined)) return undefined;
  return { uri, authority: parts[0]!, addresses };
}

function addressOf(hostPort: string): NetConnectOpts | undefined {
  const parsed = experimental.splitHostPort(hostPort);
  if (parsed === null) return undefined;
  return { host: parsed.host, port: parsed.port ?? DEFAULT_PORT, noDelay: true };
}

/** A relative path stands without slashes in front, an absolute one behind an empty authority. */
function pathOf({ authority, path }: experimental.GrpcUri): string {
  return authority === undefined ? path : `/${path}`;
}
