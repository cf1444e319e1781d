import type { BinaryReadOptions, BinaryWriteOptions } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { func, listOf, milliseconds, opaqueObject, type Rules } from '../options/index.js';

/** Options of the transports; all are optional. */
export interface ConnectTransportOptions {
  /** Interceptors of Connect, for all clients of the transport. Default: none. */
  interceptors?: Interceptor[];
  /** Milliseconds that calls without `timeoutMs` may take. Default: no limit. */
  defaultTimeoutMs?: number;
  /** Options of protobuf-es for reading and writing messages. Default: those of protobuf-es. */
  binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions>;
}

/** Rules of `ConnectTransportOptions`. */
export const TRANSPORT_RULES: Rules<ConnectTransportOptions> = {
  interceptors: listOf('an array of interceptors of Connect', func<Interceptor>()),
  defaultTimeoutMs: milliseconds(1),
  binaryOptions: opaqueObject(),
};
