import {
  credentials,
  status,
  type ChannelInterface,
  type Client,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { BorrowedChannel, measuringTransformer } from '../grpc/index.js';
import { BackchannelError } from './errors.js';

/** Makes stubs by service name; Nest's `ClientGrpc` is one. */
export interface StubFactory {
  /** A stub whose methods return observables. */
  getService<T extends object>(name: string): T;
  /** The grpc-js stub. */
  getClientByServiceName<T extends object>(name: string): T;
}

/** A class of generated or loaded grpc-js stubs. */
export type ClientConstructor<T extends Client> = new (
  address: string,
  channelCredentials: ReturnType<typeof credentials.createInsecure>,
  options?: ClientOptions,
) => T;

/**
 * What the listening side calls a peer with. Stubs of all services share its one channel, which none of
 * them closes; its interceptors run on every call of theirs. Go: `*grpc.ClientConn`.
 */
export class ClientConn implements StubFactory {
  /**
   * Options that bind a grpc-js client to this peer: pass them to the constructor of any stub. The
   * transformer counts what the stub has waiting against the memory of the connection.
   */
  readonly clientOptions: Pick<
    ClientOptions,
    'channelOverride' | 'interceptors' | 'callInvocationTransformer'
  >;
  /** Carries the calls. Closing it does nothing, as stubs share it. */
  readonly channel: ChannelInterface;
  readonly #channel: ChannelInterface;
  readonly #createStubs: ((options: ClientConn['clientOptions']) => StubFactory) | undefined;
  #stubs: StubFactory | undefined;

  /**
   * @param channel - carries the calls; closed with this connection.
   * @param interceptors - run on every call.
   * @param createStubs - makes what `getService` uses, bound to `clientOptions`; called when first needed.
   */
  constructor(
    channel: ChannelInterface,
    interceptors: Interceptor[] = [],
    createStubs?: (options: ClientConn['clientOptions']) => StubFactory,
  ) {
    this.#channel = channel;
    this.channel = new BorrowedChannel(channel);
    this.clientOptions = {
      channelOverride: this.channel,
      interceptors,
      callInvocationTransformer: measuringTransformer(),
    };
    this.#createStubs = createStubs;
  }

  /** A grpc-js stub of this peer, made from its generated or loaded class. */
  client<T extends Client>(Stub: ClientConstructor<T>): T {
    return new Stub('backchannel', credentials.createInsecure(), this.clientOptions);
  }

  /**
   * A stub whose methods return observables, as of Nest's `ClientGrpc`.
   *
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getService<T extends object>(name: string): T {
    return this.#requireStubs(name).getService<T>(name);
  }

  /**
   * The grpc-js stub of a service by its name, as of Nest's `ClientGrpc`.
   *
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getClientByServiceName<T extends object>(name: string): T {
    return this.#requireStubs(name).getClientByServiceName<T>(name);
  }

  /** Makes no more calls; those under way finish. Idempotent. */
  close(): void {
    this.#channel.close();
  }

  #requireStubs(name: string): StubFactory {
    this.#stubs ??= this.#createStubs?.(this.clientOptions);
    if (this.#stubs !== undefined) return this.#stubs;
    throw new BackchannelError(
      'ERR_BACKCHANNEL_NO_SERVICES',
      status.FAILED_PRECONDITION,
      `cannot make a stub of service "${name}": the services of peers were not declared; set the option "backchannel" ({ package, protoPath }), or use client(StubClass)`,
    );
  }
}
