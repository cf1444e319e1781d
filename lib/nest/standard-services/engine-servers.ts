import type { ServerOptions } from '@grpc/grpc-js';
import type { GrpcEngine, StreamServer, UnknownMethodHandler } from '../../grpc/index.js';
import { OptionError } from '../../options/index.js';

/** Place of the option `unknownMethodHandler`, for errors. */
export interface HandlerPlace {
  /** The call or class that was given the option. */
  readonly call: string;
  /** Path of the option. */
  readonly option: string;
}

/** Creates the servers of a strategy, without services; sets their handler of unknown methods. */
export class EngineServers {
  readonly #engine: GrpcEngine;
  readonly #options: ServerOptions;
  readonly #handler: UnknownMethodHandler | undefined;

  /** @throws OptionError if there is a handler, and the engine cannot serve unknown methods. */
  constructor(
    engine: GrpcEngine,
    options: ServerOptions,
    handler: UnknownMethodHandler | undefined,
    place: HandlerPlace,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#handler = handler;
    if (handler !== undefined) this.#verifyEngine(place);
  }

  create(): StreamServer {
    const server = this.#engine.createServer(this.#options);
    if (this.#handler !== undefined) server.setUnknownMethodHandler!(this.#handler);
    return server;
  }

  /** The engine may leave these options to another engine, so the question is put to a server. */
  #verifyEngine({ call, option }: HandlerPlace): void {
    const server = this.#engine.createServer(this.#options);
    server.forceShutdown();
    if (server.setUnknownMethodHandler !== undefined) return;
    throw new OptionError(
      `${call}: "${option}" needs a server of the built-in engine: leave out "engine", and "grpc.server_call_metric_recording" of "channelOptions"`,
      option,
    );
  }
}
