import type { AddressInfo } from 'node:net';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { LogLine } from '../log/rate-limited-log.js';

/** Facts about a listening side that has started. */
export interface StartFacts {
  readonly url: string;
  /** Address of its listener. */
  readonly address: AddressInfo | string | null;
  /** Name of the engine that serves the calls. */
  readonly engine: string;
  readonly credentials: ServerCredentials | undefined;
  /** Whether the carrier is that of this package; another one may ignore the credentials. */
  readonly isTcp: boolean;
  readonly allowPlainClients: boolean;
}

/** Returns the line of a start: what listens where, with which engine, TLS or not, plain clients or not. */
export function startLine(facts: StartFacts): LogLine {
  const { url, engine, allowPlainClients } = facts;
  const tls = securityOf(facts);
  const address = addressText(facts.address) ?? url;
  const where = address === url ? url : `${address} (url ${JSON.stringify(url)})`;
  const plain = allowPlainClients ? 'plain clients are served' : 'plain clients are refused';
  const line = `listening on ${where} with ${tls}, on the engine ${engine}; ${plain}`;
  return [line, { url, address, engine, tls, allowPlainClients }];
}

function securityOf({ credentials, isTcp }: StartFacts): string {
  if (!isTcp) return 'the security of its carrier';
  if (!credentials?._isSecure()) return 'no TLS';
  const { requestCert, rejectUnauthorized } = credentials._getConstructorOptions() ?? {};
  if (!requestCert) return 'TLS';
  // Node's default is true.
  return rejectUnauthorized === false ? 'TLS and optional client certificates' : 'mutual TLS';
}

function addressText(address: AddressInfo | string | null): string | undefined {
  if (typeof address === 'string' || address === null) return address ?? undefined;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
