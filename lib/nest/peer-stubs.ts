import type { ChannelInterface, ChannelOptions, Interceptor } from '@grpc/grpc-js';
import type { ClientConn, StubFactory } from '../backchannel/index.js';
import { toChannelOptions } from './channel-options.js';
import { GrpcStubs } from './grpc-stubs.js';
import type {
  BackchannelServicesOptions,
  ListenMuxServerOptions,
  StockGrpcOptions,
} from './options.js';

/** The services of peers, loaded once; makes the stubs of each peer. */
export class PeerServices {
  readonly channelOptions: ChannelOptions;
  readonly interceptors: Interceptor[];
  readonly #options: BackchannelServicesOptions;
  readonly #packages: unknown[];

  /** @throws what Nest throws for a proto file or package that cannot be found. */
  constructor(options: NonNullable<ListenMuxServerOptions['backchannel']>) {
    const { interceptors, ...services } = options;
    this.#options = services;
    this.channelOptions = toChannelOptions(services);
    this.interceptors = [
      ...((services.channelOptions?.['interceptors'] as Interceptor[] | undefined) ?? []),
      ...(interceptors ?? []),
    ];
    this.#packages = new PeerStubs(services).packages;
  }

  createStubs(clientOptions: ClientConn['clientOptions']): StubFactory {
    return new PeerStubs(this.#options, this.#packages, clientOptions);
  }
}

interface PeerStubsOptions extends StockGrpcOptions {
  packages: unknown[] | undefined;
}

/** Nest's own stubs, on the channel of one peer. */
class PeerStubs extends GrpcStubs {
  constructor(
    options: BackchannelServicesOptions,
    packages?: unknown[],
    clientOptions?: ClientConn['clientOptions'],
  ) {
    const stubOptions: PeerStubsOptions = {
      ...options,
      channelOptions: { ...options.channelOptions, ...clientOptions },
      packages,
    };
    super(stubOptions, clientOptions?.channelOverride as ChannelInterface);
  }

  /** What was read from the proto files. */
  get packages(): unknown[] {
    return this.grpcClients;
  }

  /** Called by the base constructor, which would read the proto files again for every peer. */
  override createClients(): unknown[] {
    return (this.options as PeerStubsOptions).packages ?? super.createClients();
  }
}
