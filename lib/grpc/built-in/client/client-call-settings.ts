import { type CallCredentials, type ChannelOptions, experimental } from '@grpc/grpc-js';
import { ACCEPTED_ENCODINGS, encodingOf, type Encoding } from '../compression.js';
import { messageLimitsOf, type MessageLimits } from '../message-limits.js';
import { USER_AGENT } from '../version.js';

/** Methods whose headers are remembered; nobody has more. */
const MAX_METHODS = 1000;

/** Headers of the last request of a method, and what they are made of. */
interface MethodHeaders {
  scheme: string;
  authority: string;
  encoding: Encoding;
  headers: readonly string[];
}

/** What all calls of a channel have in common. */
export class ClientCallSettings {
  readonly limits: MessageLimits;
  readonly #encoding: Encoding;
  readonly #userAgent: string;
  readonly #headers = new Map<string, MethodHeaders>();
  /** What the other end said it can read, once it has. */
  #accepted: readonly string[] | undefined;

  /**
   * @param target - what calls without a connection give as their peer.
   * @param authority - `:authority` of calls that name no host.
   * @param callCredentials - added to those of each call.
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

  /** What requests are to be compressed with. */
  get encoding(): Encoding {
    const isAccepted = this.#accepted?.includes(this.#encoding) ?? true;
    return isAccepted ? this.#encoding : 'identity';
  }

  /** The other end has said what it can read: its `grpc-accept-encoding`. */
  set accepted(header: string) {
    if (this.#encoding !== 'identity') this.#accepted = header.split(',').map((it) => it.trim());
  }

  /** Headers of a request that has no metadata; not to be changed. */
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

  /** What call credentials are asked for: the service that is called, as grpc-js names it. */
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
