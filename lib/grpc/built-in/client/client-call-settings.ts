import { type CallCredentials, type ChannelOptions, experimental } from '@grpc/grpc-js';
import { ACCEPTED_ENCODINGS, encodingOf, type Encoding } from '../compression.js';
import { messageLimitsOf, type MessageLimits } from '../message-limits.js';
import { USER_AGENT } from '../version.js';

/** `WriteFlags.NoCompress` of gRPC. */
const NO_COMPRESS = 2;

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

  /** Sets the encodings that the peer accepts: its `grpc-accept-encoding` header, if it sent one. */
  set accepted(header: string | undefined) {
    if (header === undefined || this.#encoding === 'identity') return;
    this.#accepted = header.split(',').map((it) => it.trim());
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

  /** Returns why a message of `bytes` cannot be sent; undefined if it can. */
  sizeProblem(bytes: number): string | undefined {
    const { maxSendLength } = this.limits;
    if (maxSendLength < 0 || bytes <= maxSendLength) return undefined;
    return `Attempted to send message with a size larger than ${maxSendLength}`;
  }

  /** Returns the encoding of a message with the `WriteFlags` of gRPC; undefined for none. */
  messageEncoding(flags = 0): Exclude<Encoding, 'identity'> | undefined {
    const { encoding } = this;
    return encoding === 'identity' || (flags & NO_COMPRESS) !== 0 ? undefined : encoding;
  }

  /** Returns the credentials of a call that has its own, combined with those of the channel. */
  combine(credentials: CallCredentials): CallCredentials {
    const { callCredentials } = this;
    return callCredentials === undefined ? credentials : credentials.compose(callCredentials);
  }

  /** Returns the description of a call for its credentials, in the form of grpc-js. */
  describe(path: string, authority: string): { method_name: string; service_url: string } {
    const host = experimental.splitHostPort(authority)?.host ?? 'localhost';
    return { method_name: path, service_url: `https://${host}/${path.split('/')[1] ?? ''}` };
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
