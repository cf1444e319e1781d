import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';
import type { GrpcEngine } from '../../../../lib/index.js';
import type { StreamServer } from '../../../../lib/core.js';

export type Channel = ReturnType<GrpcEngine['createStreamChannel']>;

/** Who calls and who serves. */
export interface EnginePair {
  readonly name: string;
  readonly client: GrpcEngine;
  readonly server: GrpcEngine;
}

export interface LinkOptions {
  client?: ChannelOptions | undefined;
  server?: ServerOptions | undefined;
}

/** A channel of one engine and the server of another that it ends at. */
export interface Connection {
  readonly channel: Channel;
  readonly server: StreamServer;

  /** Ends every connection the hard way, as a network does. */
  cut(): void;
  close(): Promise<void>;
}

/** A way of connecting the two: a plain TCP connection, or one direction of a backchannel. */
export interface Link {
  readonly name: string;
  /** @param prepare - adds services to the server before it serves. */
  connect(
    pair: EnginePair,
    options: LinkOptions,
    prepare: (server: StreamServer) => void,
  ): Promise<Connection>;
}
