import { experimental } from '@grpc/grpc-js';
import { isError } from '../options/index.js';
import { parseTarget, type Target } from './built-in/client/target.js';

const EXAMPLES = '"host:port" or "unix:path", such as "localhost:50051"';

/** Scheme, authority and path of a target, in the syntax of gRPC. */
const URI = /^([A-Za-z0-9+.-]+):(?:\/\/([^/]*)\/)?(.+)$/;

/** Schemes of urls that are no targets of gRPC; those in `SECURE` stand for TLS. */
const WEB = new Set(['http', 'https', 'ws', 'wss', 'grpc', 'grpcs', 'tcp', 'tls', 'ssl']);
const SECURE = new Set(['https', 'wss', 'grpcs', 'tls', 'ssl']);

/**
 * Returns why a channel cannot dial `target`; undefined if it can, or if a resolver of grpc-js handles the
 * target. The text completes the sentence "the target …".
 */
export function problemOfTarget(target: string): string | undefined {
  const remedy = remedyFor(target);
  if (remedy === undefined) return undefined;
  return `must be ${EXAMPLES}, not ${JSON.stringify(target)}${remedy}`;
}

/** Returns what to change, behind a separator, or an empty text; undefined if the target is valid. */
function remedyFor(target: string): string | undefined {
  const parsed = parseTarget(target);
  if (parsed !== undefined) return remedyForAddresses(parsed);
  const [, scheme, authority, path = ''] = URI.exec(target) ?? [];
  if (scheme === undefined) return '';
  if (hasResolver({ scheme, ...(authority !== undefined && { authority }), path }))
    return undefined;
  if (!target.startsWith(`${scheme}://`)) return '';
  if (!WEB.has(scheme.toLowerCase())) {
    return `: grpc-js has no resolver for "${scheme}:"; register one before (for xds, by register() of @grpc/grpc-js-xds)`;
  }
  const tls = SECURE.has(scheme.toLowerCase()) ? ', and set "credentials" for TLS' : '';
  return `: leave out "${scheme}://"${tls}`;
}

function remedyForAddresses({ addresses }: Target): string | undefined {
  for (const address of addresses) {
    if (!('port' in address)) continue;
    if (address.host === '') return ': the host is missing';
    if (/\s/.test(address.host!)) return ': the host contains white space';
    if (address.port < 1 || address.port > 65_535) return ': the port must be from 1 to 65535';
  }
  return undefined;
}

/** Whether grpc-js has a resolver for targets with this scheme. It may refuse this target later. */
function hasResolver(uri: experimental.GrpcUri): boolean {
  try {
    experimental.createResolver(uri, () => true, {}).destroy();
    return true;
  } catch (error) {
    return !isError(error) || !error.message.startsWith('No resolver could be created');
  }
}
