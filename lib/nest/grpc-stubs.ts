import {
  Client,
  credentials,
  type ChannelInterface,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { ClientGrpcProxy } from '@nestjs/microservices';
import { loadPackages } from './load-packages.js';
import type { StockGrpcOptions } from './options.js';
import { methodsByName, packageAt, packageTree, type PackageTree } from './package-tree.js';
import { callMethod, stubMethod, type StubMethod } from './stub-method.js';
import { hasInterceptors, unaryMethod } from './unary-method.js';
import { WaitingMemory } from './waiting-memory.js';

type Method = MethodDefinition<unknown, unknown>;

/** A node of the package tree that has the class of a service. */
type ServiceNode = Record<string, { service: ServiceDefinition }>;

/**
 * Nest's own gRPC client on a channel that somebody else owns:
 *
 * - Requests that fail, or that are no messages, fail the call; Nest throws their error at nobody, which
 *   ends the process. They are written as fast as the call takes them, see `stubMethod`.
 * - Methods of a service may have any name: calls are made by a client without methods of its own.
 */
export abstract class GrpcStubs extends ClientGrpcProxy {
  readonly #channel: ChannelInterface;
  readonly #stubs = new Map<string, object>();
  readonly #memory = new WaitingMemory();
  #client: Client | undefined;

  /** @param channel - carries the calls of all stubs; a `BorrowedChannel`, as stubs may be closed. */
  constructor(options: StockGrpcOptions, channel: ChannelInterface) {
    const channelOptions = { ...options.channelOptions, channelOverride: channel };
    super({ ...options, channelOptions } as StockGrpcOptions);
    this.#channel = channel;
  }

  /**
   * A stub whose methods return observables. Each method has two names: as in the proto file, and in camel
   * case; but there is no `then`, only `Then`, so that the stub can be awaited.
   */
  override getService<T extends object>(name: string): T {
    let stub = this.#stubs.get(name);
    if (stub === undefined) {
      const node = this.getClient(name);
      if (node === undefined) return super.getService<T>(name); // Which says so.
      stub = this.#createStub(node[name]!.service);
      this.#stubs.set(name, stub);
    }
    return stub as T;
  }

  /** @internal Called by the base class for the first stub of grpc-js of a service. */
  override createClientByServiceName(service: string): Client {
    const stub = super.createClientByServiceName(service) as Client;
    const methods = shownMethods(this.getClient(service)![service]!.service);
    if (!methods.some(([method]) => method in Client.prototype || method === 'Then')) return stub;
    // Methods of its class would call one another in place of those of grpc-js.
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

  /** Gives out no more stubs; the channel is its owner's to close. */
  override close(): void | Promise<void> {
    this.clients.clear();
    this.#stubs.clear();
    this.grpcClients = [];
  }

  /** @internal The package that has the service, if there is one. */
  protected override getClient(name: string): ServiceNode | undefined {
    const node = super.getClient(name) as ServiceNode | undefined;
    return typeof node?.[name] === 'function' ? node : undefined;
  }

  get #bareClient(): Client {
    const { channelOptions } = this.options;
    this.#client ??= new Client(this.url, credentials.createInsecure(), channelOptions);
    return this.#client;
  }

  #createStub(service: ServiceDefinition): object {
    const stub = {};
    const isIntercepted = hasInterceptors(this.options.channelOptions);
    for (const [name, definition] of shownMethods(service)) {
      const stock = stubMethod(this.#bareClient, definition, this.#memory);
      const isUnary = !definition.requestStream && !definition.responseStream;
      const method =
        isUnary && !isIntercepted ? unaryMethod(this.#channel, definition, stock) : stock;
      define(stub, name, method);
    }
    return stub;
  }
}

/**
 * The methods of a service as stubs have them. An object with a method called `then` is a promise to
 * `await`: a stub has it as `Then`.
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
