import type { ChannelInterface, ChannelOptions, Interceptor } from '@grpc/grpc-js';
import type { ClientConn, StubFactory } from '../../backchannel/index.js';
import { toChannelOptions } from '../options/channel-options.js';
import { GrpcStubs } from '../grpc/grpc-stubs.js';
import type { NamedService } from '../grpc/service-selection.js';
import type {
  BackchannelServicesOptions,
  ListenMuxServerOptions,
  StockGrpcOptions,
} from '../options/options.js';

/** The services of peers, loaded once; creates the stubs of each peer. */
export class PeerServices {
  readonly channelOptions: ChannelOptions;
  readonly interceptors: Interceptor[];
  /** The services with stubs. */
  readonly services: readonly NamedService[];
  readonly #options: BackchannelServicesOptions;
  readonly #packages: unknown[];

  /**
   * @throws Error of Nest for a proto file or package that it cannot find; OptionError for an unknown
   * service.
   */
  constructor(options: NonNullable<ListenMuxServerOptions['backchannel']>) {
    const { interceptors, ...services } = options;
    this.#options = services;
    this.channelOptions = toChannelOptions(services);
    this.interceptors = [
      ...((services.channelOptions?.['interceptors'] as Interceptor[] | undefined) ?? []),
      ...(interceptors ?? []),
    ];
    const stubs = new PeerStubs(services);
    stubs.verifyServices({ call: 'ListenMuxServer', option: 'backchannel.services' });
    this.#packages = stubs.packages;
    this.services = stubs.stubServices;
  }

  createStubs(clientOptions: ClientConn['clientOptions']): StubFactory {
    return new PeerStubs(this.#options, this.#packages, clientOptions);
  }
}

interface PeerStubsOptions extends StockGrpcOptions {
  packages: unknown[] | undefined;
}

/** Nest's own stubs on the channel of one peer. */
class PeerStubs extends GrpcStubs {
  constructor(
    options: BackchannelServicesOptions,
    packages?: unknown[],
    clientOptions?: ClientConn['clientOptions'],
  ) {
    const stubOptions: PeerStubsOptions = {
      ...options,
      channelOptions: { ...options.channelOptions, interceptors: clientOptions?.interceptors },
      packages,
    };
    super(stubOptions, clientOptions?.channelOverride as ChannelInterface);
  }

  /** Packages loaded from the proto files. */
  get packages(): unknown[] {
    return this.grpcClients;
  }

  /** Called by the base constructor, which would otherwise load the proto files again for every peer. */
  override createClients(): unknown[] {
    return (this.options as PeerStubsOptions).packages ?? super.createClients();
  }
}
