import {
  credentials,
  status,
  type ChannelInterface,
  type Client,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { BorrowedChannel, measuringTransformer, poolRequests } from '../grpc/index.js';
import { func, verifyArgument } from '../options/index.js';
import { BackchannelError } from './errors.js';
import { nameOfService, type ServiceReference } from './service-token.js';

/** Creates stubs by service name; Nest's `ClientGrpc` is one. */
export interface StubFactory {
  /** Returns a stub whose methods return observables. */
  getService<T extends object>(name: string): T;
  /** Returns the grpc-js stub. */
  getClientByServiceName<T extends object>(name: string): T;
}

/** A class of generated or loaded grpc-js stubs. */
export type ClientConstructor<T extends Client> = new (
  address: string,
  channelCredentials: ReturnType<typeof credentials.createInsecure>,
  options?: ClientOptions,
) => T;

/** Transformer of all stubs. */
const MEASURING = measuringTransformer();

const STUB_RULE = func('a class of stubs, generated or loaded by grpc-js');

/**
 * Connection on which the listening side calls a peer. The stubs of all services share its one channel, and
 * none of them closes it. Its interceptors run on every call of these stubs. Go: `*grpc.ClientConn`.
 */
export class ClientConn implements StubFactory {
  /**
   * Options that bind a grpc-js client to this peer: pass them to the constructor of any stub. The
   * transformer counts messages that wait in the stub towards the memory limit of the connection, and keeps
   * the stub from taking a stack trace for each call.
   */
  readonly clientOptions: Pick<
    ClientOptions,
    'channelOverride' | 'interceptors' | 'callInvocationTransformer'
  >;
  /** Carries the calls. Its `close()` has no effect, because stubs share the channel. */
  readonly channel: ChannelInterface;
  readonly #channel: ChannelInterface;
  readonly #createStubs: ((options: ClientConn['clientOptions']) => StubFactory) | undefined;
  #stubs: StubFactory | undefined;

  /**
   * @param channel - carries the calls; `close()` closes it.
   * @param interceptors - run on every call.
   * @param createStubs - creates the stubs of `getService`, bound to `clientOptions`. Called on first use.
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
      callInvocationTransformer: MEASURING,
    };
    this.#createStubs = createStubs;
  }

  /**
   * Creates a grpc-js stub of this peer from a generated or loaded class.
   *
   * @throws OptionError if `Stub` is not a class.
   */
  client<T extends Client>(Stub: ClientConstructor<T>): T {
    verifyArgument('ClientConn.client', 'argument', STUB_RULE, Stub);
    const stub = new Stub('backchannel', credentials.createInsecure(), this.clientOptions);
    poolRequests(stub, MEASURING);
    return stub;
  }

  /**
   * Returns a stub whose methods return observables, like that of Nest's `ClientGrpc`.
   *
   * @param service - name of the service, with or without its package; or its token, from which the type of
   * the stub follows.
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getService<T extends object>(service: ServiceReference<T>): T {
    const name = nameOfService(service, 'getService');
    return this.#requireStubs(name).getService<T>(name);
  }

  /**
   * Returns the grpc-js stub of a service by its name, like that of Nest's `ClientGrpc`.
   *
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getClientByServiceName<T extends object>(name: string): T {
    return this.#requireStubs(name).getClientByServiceName<T>(name);
  }

  /** Begins no more calls; in-flight calls finish. Idempotent. */
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
