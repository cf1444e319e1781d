import type { Duplex } from 'node:stream';
import { types } from 'node:util';
import {
  type ServerInterceptor,
  type ServerMethodDefinition,
  type ServerOptions,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { inRootContext } from '../../../context/index.js';
import { excerpt, valueOf, type Http2Stream } from '../../../http2/index.js';
import { ConnectionInfo } from '../../connection-info.js';
import type { ServedStream, StreamServer, UnknownMethodHandler } from '../../grpc-engine.js';
import type { ServerCallInterface } from '../../grpc-types.js';
import { UnsupportedContentType } from './unsupported-content-type.js';
import { trailersOnly } from './response-headers.js';
import { http2OptionsOf } from '../http2-options.js';
import { messageLimitsOf, sessionMemoryOf, type MessageLimits } from '../message-limits.js';
import { PeerShare } from './peer-share.js';
import { serveCall } from './serve-call.js';
import { ServedConnection } from './served-connection.js';
import { ServerCall } from './server-call.js';
import { CLOGGED, type ServerCallHost } from './server-call-host.js';
import { type Method, ServiceTable } from './service-table.js';

/**
 * Serves gRPC on streams: multiplexed connections, and sockets of plain clients. Handlers and interceptors
 * have the interface of grpc-js.
 */
export class BuiltInServer implements StreamServer {
  readonly #options: ServerOptions;
  readonly #limits: MessageLimits;
  readonly #sessionMemory: number;
  readonly #interceptors: readonly ServerInterceptor[];
  readonly #services = new ServiceTable();
  #unknown: UnknownMethodHandler | undefined;
  readonly #connections = new Set<ServedConnection>();
  /** Resource accounts of the peers: one for all streams of a multiplexed connection. */
  readonly #shares = new WeakMap<ConnectionInfo, PeerShare>();
  /** Set by the first shutdown request: new connections are destroyed. */
  #isStopping = false;
  /** Callbacks for the close of the last connection. */
  #onStopped: (() => void)[] = [];

  constructor(options: ServerOptions = {}) {
    http2OptionsOf(options, true); // Throws for an invalid option.
    this.#options = options;
    this.#limits = messageLimitsOf(options);
    this.#sessionMemory = sessionMemoryOf(options);
    this.#interceptors = options.interceptors ?? [];
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#services.add(service, implementation);
  }

  /** Same as `grpc.Server.removeService`. */
  removeService(service: ServiceDefinition): void {
    this.#services.remove(service);
  }

  /**
   * Sets the handler of methods that no service of the server has; undefined ends such calls with
   * UNIMPLEMENTED, the default. Go: `grpc.UnknownServiceHandler`.
   */
  setUnknownMethodHandler(handler: UnknownMethodHandler | undefined): void {
    this.#unknown = handler;
  }

  serve(stream: Duplex, multiplexed?: ConnectionInfo): ServedStream {
    return inRootContext(() => this.#serve(stream, multiplexed));
  }

  #serve(stream: Duplex, multiplexed: ConnectionInfo | undefined): ServedConnection {
    const info = multiplexed ?? new ConnectionInfo(stream);
    const share = this.#shareOf(info);
    if (this.#isStopping) stream.destroy();
    const connection = new ServedConnection(
      stream,
      {
        onRequest: (request, headers) => this.#receive(request, headers, host, share),
        onFarewell: () => info.peerAnnouncedDeparture(),
        onAskForNewConnection: () => info.askedForNewConnection(),
        onClose: (failure) => {
          this.#forget(connection);
          if (failure !== undefined) info.failed(failure);
        },
      },
      this.#options,
      this.#sessionMemory,
      multiplexed !== undefined,
      share,
    );
    const host: ServerCallHost = {
      connection: info,
      limits: this.#limits,
      memory: connection.memory,
      isClogged: () => connection.isClogged,
      serve: (call, method) => serveCall(this.#intercept(call, method), method),
    };
    this.#connections.add(connection);
    return connection;
  }

  tryShutdown(callback: (error?: Error) => void): void {
    this.#isStopping = true;
    this.#onStopped.push(callback);
    for (const connection of this.#connections) connection.drain(Infinity);
    this.#reportStopped();
  }

  forceShutdown(): void {
    this.#isStopping = true;
    for (const connection of this.#connections) connection.destroy();
  }

  unwrap(): this {
    return this;
  }

  #shareOf(info: ConnectionInfo): PeerShare {
    let share = this.#shares.get(info);
    if (share === undefined) {
      share = new PeerShare(http2OptionsOf(this.#options, true), this.#sessionMemory);
      this.#shares.set(info, share);
    }
    return share;
  }

  #receive(
    stream: Http2Stream,
    headers: readonly string[],
    host: ServerCallHost,
    { accounts }: PeerShare,
  ): void {
    if (!valueOf(headers, 'content-type')?.startsWith('application/grpc')) {
      stream.listener = new UnsupportedContentType(stream);
      stream.chargeRefusal();
      return;
    }
    const path = valueOf(headers, ':path')!;
    const method = this.#services.get(path) ?? this.#unknownMethod(path);
    if (method === undefined) {
      const details = `The server does not implement the method ${excerpt(path)}`;
      return refuse(stream, status.UNIMPLEMENTED, details);
    }
    if (host.isClogged()) return refuse(stream, status.RESOURCE_EXHAUSTED, CLOGGED);
    const problem = host.connection.callProblem(accounts.openStreams);
    if (problem !== undefined) return refuse(stream, problem.code, problem.details);
    stream.listener = new ServerCall(stream, headers, method, host);
  }

  #unknownMethod(path: string): Method | undefined {
    const handler = this.#unknown;
    return (
      handler && {
        definition: rawMethod(path),
        handle: handler as UntypedHandleCall,
        serialize: toBytes,
      }
    );
  }

  #intercept(call: ServerCallInterface, { definition }: Method): ServerCallInterface {
    let intercepted = call;
    for (const interceptor of this.#interceptors)
      intercepted = interceptor(definition, intercepted);
    return intercepted;
  }

  #forget(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.#reportStopped();
  }

  #reportStopped(): void {
    if (this.#connections.size > 0 || !this.#isStopping) return;
    const callbacks = this.#onStopped;
    this.#onStopped = [];
    for (const callback of callbacks) process.nextTick(callback);
  }
}

/** Definition of a method of any kind whose messages are bytes. */
function rawMethod(path: string): ServerMethodDefinition<unknown, unknown> {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: toBytes,
  };
}

/** @throws TypeError for a value of another type, of which HTTP/2 would send as many zeros as it has items. */
function toBytes(message: unknown): Buffer {
  if (types.isUint8Array(message)) return message as Buffer;
  throw new TypeError('a message of an unknown method must be a Buffer');
}

/** Listener of streams that are answered at once. */
const NOBODY = {
  onHeaders(): void {},
  onData(): void {},
  onTrailers(): void {},
  onEnd(): void {},
  onDrain(): void {},
  onClose(): void {},
};

function refuse(stream: Http2Stream, code: status, details: string): void {
  stream.listener = NOBODY;
  stream.chargeRefusal();
  stream.sendHeaders(trailersOnly(code, details, null, stream.maxTrailersSize), true);
  stream.discardRest();
}
