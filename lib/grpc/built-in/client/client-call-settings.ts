import { type CallCredentials, type ChannelOptions, experimental } from '@grpc/grpc-js';
import { ACCEPTED_ENCODINGS, encodingOf, type Encoding } from '../compression.js';
import { messageLimitsOf, type MessageLimits } from '../message-limits.js';
import { USER_AGENT } from '../version.js';

/** Maximum number of methods with cached headers: more than applications have. */
const MAX_METHODS = 1000;

/** Headers of the last request of a method, and the values that they depend on. */
interface MethodHeaders {
  scheme: string;
  authority: string;
  encoding: Encoding;
  headers: readonly string[];
}

/** Settings that all calls of a channel share. */
export class ClientCallSettings {
  readonly limits: MessageLimits;
  readonly #encoding: Encoding;
  readonly #userAgent: string;
  readonly #headers = new Map<string, MethodHeaders>();
  /** Encodings that the peer accepts; undefined before its first response. */
  #accepted: readonly string[] | undefined;

  /**
   * @param target - peer name of calls without a connection.
   * @param authority - `:authority` of calls without a host.
   * @param callCredentials - combined with the credentials of each call.
   */
  constructor(
    readonly target: string,
    readonly authority: string,
    readonly callCredentials: CallCredentials | undefined,
    options: ChannelOptions,
  ) {
    this.limits = messageLimitsOf(options);
    this.#encoding = encodingOf(options['grpc.default_compression_algorithm'] ?? 0);
    this.#userAgent = [
      options['grpc.primary_user_agent'],
      USER_AGENT,
      options['grpc.secondary_user_agent'],
    ]
      .filter(Boolean)
      .join(' ');
  }

  /** The encoding of requests. */
  get encoding(): Encoding {
    const isAccepted = this.#accepted?.includes(this.#encoding) ?? true;
    return isAccepted ? this.#encoding : 'identity';
  }

  /** Sets the encodings that the peer accepts: its `grpc-accept-encoding` header. */
  set accepted(header: string) {
    if (this.#encoding !== 'identity') this.#accepted = header.split(',').map((it) => it.trim());
  }

  /** Returns the headers of a request without metadata; must not be modified. */
  headersOf(scheme: string, path: string, authority: string): readonly string[] {
    const { encoding } = this;
    const last = this.#headers.get(path);
    const isSame =
      last?.scheme === scheme && last.authority === authority && last.encoding === encoding;
    if (isSame) return last.headers;
    const headers = this.#createHeaders(scheme, path, authority, encoding);
    if (last || this.#headers.size < MAX_METHODS) {
      this.#headers.set(path, { scheme, authority, encoding, headers });
    }
    return headers;
  }

  /** Returns the service url for call credentials, in the form of grpc-js. */
  serviceUrlOf(authority: string, path: string): string {
    const host = experimental.splitHostPort(authority)?.host ?? 'localhost';
    return `https://${host}/${path.split('/')[1] ?? ''}`;
  }

  #createHeaders(scheme: string, path: string, authority: string, encoding: Encoding): string[] {
    const headers = [':method', 'POST', ':scheme', scheme, ':path', path, ':authority', authority];
    headers.push('te', 'trailers', 'content-type', 'application/grpc');
    headers.push('user-agent', this.#userAgent);
    headers.push('grpc-accept-encoding', ACCEPTED_ENCODINGS, 'accept-encoding', 'identity');
    if (encoding !== 'identity') headers.push('grpc-encoding', encoding);
    return headers;
  }
}
