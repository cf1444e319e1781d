import { type CallCredentials, type Metadata, status } from '@grpc/grpc-js';
import { CONNECTION_HEADERS, headerListSize } from '../../../http2/index.js';
import { appendMetadata } from '../metadata-codec.js';
import { encodeTimeout } from '../timeout-header.js';
import type { CallStatus } from '../../grpc-types.js';
import { statusOf } from './status-of-end.js';

/** Headers of the channel, which metadata cannot set. */
const RESERVED = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'te',
  'user-agent',
]);
const RESERVED_WITH_TIMEOUT = new Set([...RESERVED, 'grpc-timeout']);

/**
 * Builds the headers of a request.
 *
 * @param base - headers of every request; not modified.
 * @param deadline - milliseconds since 1970, or Infinity.
 * @throws TypeError for metadata that HTTP/2 cannot carry.
 */
export function requestHeaders(
  base: readonly string[],
  metadata: Metadata,
  deadline: number,
): readonly string[] {
  const hasDeadline = deadline !== Infinity;
  const headers: string[] = [];
  appendMetadata(headers, metadata, hasDeadline ? RESERVED_WITH_TIMEOUT : RESERVED);
  for (let i = 0; i < headers.length; i += 2) verifyName(headers[i]!);
  if (hasDeadline) headers.push('grpc-timeout', encodeTimeout(deadline));
  return headers.length === 0 ? base : [...base, ...headers];
}

/** Size of `metadata` as a header list, in bytes (RFC 9113, 6.5.2); Infinity if reading it throws. */
export function metadataSize(metadata: Metadata): number {
  const headers: string[] = [];
  try {
    appendMetadata(headers, metadata);
  } catch {
    return Infinity;
  }
  return headerListSize(headers);
}

/** Returns a status for invalid metadata of a request; undefined if it is valid. */
export function metadataProblem(metadata: Metadata): CallStatus | undefined {
  if (metadata.get('authorization').length < 2) return undefined;
  return statusOf(status.INTERNAL, '"authorization" metadata cannot have multiple values');
}

/** Headers of HTTP/1.1 connections, for which the peer would reset the stream. */
const FORBIDDEN: ReadonlySet<string> = new Set([...CONNECTION_HEADERS, 'http2-settings']);

function verifyName(name: string): void {
  if (!FORBIDDEN.has(name)) return;
  throw new TypeError(`HTTP/1 Connection specific headers are forbidden: "${name}"`);
}

/**
 * Returns `metadata` merged with the metadata of `credentials`.
 *
 * @throws CallStatus (as a rejection) if the credentials fail.
 */
export async function withCredentials(
  metadata: Metadata,
  credentials: CallCredentials,
  call: { method_name: string; service_url: string },
): Promise<Metadata> {
  let added: Metadata;
  try {
    added = await credentials.generateMetadata(call);
  } catch (error) {
    throw credentialsFailed(error as Error & { code?: unknown });
  }
  const merged = metadata.clone();
  merged.merge(added);
  return merged;
}

/** Codes that only the peer may send (gRPC, "Status codes and their use in gRPC"). */
const NOT_OURS: ReadonlySet<number> = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.DATA_LOSS,
]);

function credentialsFailed(error: Error & { code?: unknown }): CallStatus {
  const code = typeof error.code === 'number' ? error.code : status.UNKNOWN;
  const details = `Getting metadata from plugin failed with error: ${error.message}`;
  if (!NOT_OURS.has(code)) return statusOf(code, details);
  return statusOf(
    status.INTERNAL,
    `Invalid status from control plane: ${code} ${status[code]} ${details}`,
  );
}
