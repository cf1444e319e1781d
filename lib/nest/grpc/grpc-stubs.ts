import {
  Client,
  credentials,
  type ChannelInterface,
  type ClientOptions,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { ClientGrpcProxy } from '@nestjs/microservices';
import { nameOfService, type ServiceReference } from '../../backchannel/index.js';
import {
  measuringTransformer,
  poolRequests,
  requestSerializer,
  TAKES_CALLER_STACKS,
} from '../../grpc/index.js';
import { isError, OptionError } from '../../options/index.js';
import type { BackchannelServicesOptions, StockGrpcOptions } from '../options/options.js';
import { serviceName } from './service-host.js';
import { loadPackages } from './load-packages.js';
import { methodsByName, packageAt, packageTree, type PackageTree } from './package-tree.js';
import {
  isNamed,
  isSelected,
  selectedNamesOf,
  verifySelection,
  type NamedService,
  type SelectionPlace,
} from './service-selection.js';
import { callMethod, stubMethod, type StubMethod } from './stub-method.js';
import { hasInterceptors, unaryMethod } from './unary-method.js';
import { WaitingMemory } from './waiting-memory.js';

type Method = MethodDefinition<unknown, unknown>;

/** A class of stubs. */
interface StubClass {
  readonly service: ServiceDefinition;
}

/** A node of the package tree that contains the class of a service. */
type ServiceNode = Record<string, StubClass>;

/**
 * Nest's own gRPC client on a borrowed channel, with these differences:
 *
 * - A request stream that fails, or emits a value that is no message, fails the call. In Nest's client the
 *   error is uncaught and ends the process. Requests are written with backpressure, see `stubMethod`.
 * - Services have two names: with and without their package. The one without the package means the first
 *   service of this name that the option `services` includes.
 * - Methods of a service may have any name, because a bare client without service methods makes the calls.
 */
export abstract class GrpcStubs extends ClientGrpcProxy {
  readonly #channel: ChannelInterface;
  readonly #stubs = new Map<string, object>();
  readonly #memory = new WaitingMemory();
  #client: Client | undefined;
  /** Whether unary calls need a grpc-js client, for interceptors or for the stack of the caller. */
  readonly #needsClient: boolean;

  /** @param channel - carries the calls of all stubs; a `BorrowedChannel`, because stubs may be closed. */
  constructor(options: StockGrpcOptions, channel: ChannelInterface) {
    const given = options.channelOptions as ClientOptions | undefined;
    const channelOptions = {
      ...given,
      channelOverride: channel,
      callInvocationTransformer: measuringTransformer(given?.callInvocationTransformer),
    };
    super({ ...options, channelOptions } as StockGrpcOptions);
    this.#channel = channel;
    this.#needsClient = hasInterceptors(options.channelOptions) || TAKES_CALLER_STACKS;
  }

  /** @internal The services that the option `services` names. Default: all of the packages. */
  get stubServices(): NamedService[] {
    const names = this.#selectedNames;
    return servicesOf(this.grpcClients).filter((service) => isSelected(names, service));
  }

  /** @internal @throws OptionError if the option `services` names a service that no package has. */
  verifyServices(place: SelectionPlace): void {
    verifySelection(this.#selectedNames ?? [], servicesOf(this.grpcClients), place);
  }

  /** @throws OptionError if the option `services` excludes the service. */
  override getClientByServiceName<T = unknown>(name: string): T {
    if (this.clients.has(name)) return super.getClientByServiceName<T>(name);
    this.#verifySelected(name);
    if (this.getClient(name) !== undefined) return super.getClientByServiceName<T>(name);
    return this.#named(() => super.getClientByServiceName<T>(name));
  }

  /**
   * A stub whose methods return observables. Each method has two names: as in the proto file, and in camel
   * case. A method `then` is named `Then`, so that the stub can be awaited.
   *
   * @param service - name of the service, with or without its package; or its token, from which the type of
   * the stub follows.
   * @throws OptionError if the option `services` excludes the service; Error of Nest if the packages do not
   * have it.
   */
  override getService<T extends object>(service: ServiceReference<T>): T {
    const name = nameOfService(service, 'getService');
    let stub = this.#stubs.get(name);
    if (stub === undefined) {
      this.#verifySelected(name);
      const node = this.getClient(name);
      if (node === undefined) return super.getService<T>(name); // Throws Nest's error.
      stub = this.#createStub(node[name]!.service);
      this.#stubs.set(name, stub);
    }
    return stub as T;
  }

  /** @internal Called by the base class for the first grpc-js stub of a service. */
  override createClientByServiceName(service: string): Client {
    const stub = super.createClientByServiceName(service) as Client;
    const methods = shownMethods(this.getClient(service)![service]!.service);
    if (!methods.some(([method]) => method in Client.prototype || method === 'Then')) return stub;
    // A service method that has the name of a `Client` method would be called in its place.
    for (const [method, definition] of methods) {
      define(stub, method, Object.assign(callMethod(this.#bareClient, definition), definition));
    }
    define(stub, 'then', undefined);
    return stub;
  }

  /** @internal Called by the base class. */
  override loadProto(): unknown {
    const definition = loadPackages(this.options);
    return definition === undefined ? super.loadProto() : packageTree(definition);
  }

  /** @internal Called by the base class. */
  override lookupPackage(root: PackageTree, packageName: string): PackageTree | undefined {
    return packageAt(root, packageName);
  }

  /** Releases the stubs. Does not close the channel, which belongs to its owner. */
  override close(): void | Promise<void> {
    this.clients.clear();
    this.#stubs.clear();
    this.grpcClients = [];
  }

  /**
   * @internal The first service of this name, with or without its package, that the option `services`
   * includes.
   */
  protected override getClient(name: string): ServiceNode | undefined {
    const names = this.#selectedNames;
    const found = stubClassesOf(this.grpcClients).find(
      (service) => isNamed(service, name) && isSelected(names, service),
    );
    return found && { [name]: found.stub };
  }

  /** A client that no user sees. */
  get #bareClient(): Client {
    if (this.#client !== undefined) return this.#client;
    const channelOptions = this.options.channelOptions as ClientOptions;
    this.#client = new Client(this.url, credentials.createInsecure(), channelOptions);
    if (!this.#needsClient) poolRequests(this.#client, channelOptions.callInvocationTransformer);
    return this.#client;
  }

  get #selectedNames(): string[] | undefined {
    return selectedNamesOf(this.options as BackchannelServicesOptions);
  }

  /** Calls `getUnknown`, which throws Nest's error of a service that does not exist, and adds those that do. */
  #named<T>(getUnknown: () => T): T {
    try {
      return getUnknown();
    } catch (error) {
      const names = this.stubServices.map(({ name }) => name).join(', ') || 'none';
      if (isError(error)) error.message += `; the services of the option "package" are: ${names}`;
      throw error;
    }
  }

  #verifySelected(name: string): void {
    const names = this.#selectedNames;
    if (names === undefined || this.stubServices.some((service) => isNamed(service, name))) return;
    throw new OptionError(
      `there are no stubs of "${name}": the option "services" has ${names.join(', ')}`,
      'services',
    );
  }

  #createStub(service: ServiceDefinition): object {
    const stub = {};
    for (const [name, definition] of shownMethods(service)) {
      const stock = stubMethod(this.#bareClient, definition, this.#memory);
      const isUnary = !definition.requestStream && !definition.responseStream;
      const method =
        isUnary && !this.#needsClient
          ? unaryMethod(this.#channel, pooledMethod(definition, this.#channel), stock)
          : stock;
      define(stub, name, method);
    }
    return stub;
  }
}

/** `definition` with pooled requests, if `channel` allows them. Some channels exist only from their first call on. */
function pooledMethod(definition: Method, channel: ChannelInterface): Method {
  let serialize: Method['requestSerialize'] | undefined;
  const requestSerialize = (request: unknown): Buffer => {
    serialize ??= requestSerializer(definition.requestSerialize, channel);
    return serialize(request);
  };
  return { ...definition, requestSerialize };
}

/**
 * The methods of a service as stubs show them. A method `then` is named `Then`, because `await` treats an
 * object with a method `then` as a promise.
 */
function shownMethods(service: ServiceDefinition): [string, Method][] {
  const { then, ...methods } = methodsByName(service);
  if (then !== undefined) methods['Then'] ??= then;
  return Object.entries(methods);
}

/** Defines an own property, whatever its name. */
function define(object: object, name: string, value: StubMethod | Function | undefined): void {
  Object.defineProperty(object, name, {
    value,
    configurable: true,
    enumerable: value !== undefined,
    writable: true,
  });
}

/** The services directly in `packages`, for which Nest makes stubs. */
function servicesOf(packages: readonly unknown[]): NamedService[] {
  return stubClassesOf(packages).map(({ name, fullName }) => ({ name, fullName }));
}

function stubClassesOf(packages: readonly unknown[]): (NamedService & { stub: StubClass })[] {
  return packages.flatMap((members) =>
    Object.entries(members as object).flatMap(([name, member]) =>
      isStubClass(member) ? [{ name, fullName: serviceName(member.service), stub: member }] : [],
    ),
  );
}

function isStubClass(member: unknown): member is StubClass {
  return typeof member === 'function' && 'service' in member;
}
