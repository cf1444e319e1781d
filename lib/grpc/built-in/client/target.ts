import type { NetConnectOpts } from 'node:net';
import { experimental } from '@grpc/grpc-js';

/** Port of targets without one, as in grpc-js. */
const DEFAULT_PORT = 443;

/** A parsed target of a channel. */
export interface Target {
  /** The target as a `GrpcUri` of grpc-js. */
  readonly uri: experimental.GrpcUri;
  /** Default of `:authority`. */
  readonly authority: string;
  /** Addresses to try in this order. Each attempt resolves their names. */
  readonly addresses: readonly NetConnectOpts[];
}

/**
 * Parses a target in the syntax of gRPC ("Name Syntax"): `host:port`, `dns:`, `ipv4:`, `ipv6:`, `unix:` and
 * `unix-abstract:`.
 *
 * @returns undefined for other targets, which need a resolver.
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
      // `localhost:50051` only looks as if it had a scheme.
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

/** Returns the path of `unix:path`, or of `unix:///path`, whose authority is empty. */
function pathOf({ authority, path }: experimental.GrpcUri): string {
  return authority === undefined ? path : `/${path}`;
}
