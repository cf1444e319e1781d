import { Client, credentials, type ChannelInterface, type ServiceDefinition } from '@grpc/grpc-js';
import { ClientGrpcProxy } from '@nestjs/microservices';
import { loadPackages } from './load-packages.js';
import type { StockGrpcOptions } from './options.js';
import { methodsByName, packageAt, packageTree, type PackageTree } from './package-tree.js';
import { stubMethod, type StubMethod } from './stub-method.js';
import { hasInterceptors, unaryMethod } from './unary-method.js';
import { WaitingMemory } from './waiting-memory.js';

/** A node of the package tree that has the class of a service. */
type ServiceNode = Record<string, { service: ServiceDefinition }>;

/**
 * A property that makes an object a promise to `await`: a stub must not have it. A method of that name is
 * called by the name that stands here.
 */
const RENAMED: ReadonlyMap<string, string> = new Map([['then', 'Then']]);

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
    const methods = methodsByName(this.getClient(service)![service]!.service);
    const names = Object.keys(methods);
    if (!names.some((method) => method in Client.prototype || RENAMED.has(method))) return stub;
    // Methods of its class would call one another in place of those of grpc-js.
    const { prototype } = stub.constructor as typeof Client;
    for (const name of names.filter((method) => Object.hasOwn(prototype, method))) {
      const method = (prototype as unknown as Record<string, Function>)[name]!;
      if (RENAMED.has(name)) define(stub, name, undefined);
      define(stub, RENAMED.get(name) ?? name, Object.assign(method.bind(this.#bareClient), method));
    }
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

  /** The package that has the service, if there is one. */
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
    for (const [name, definition] of Object.entries(methodsByName(service))) {
      const stock = stubMethod(this.#bareClient, definition, this.#memory);
      const isUnary = !definition.requestStream && !definition.responseStream;
      const method =
        isUnary && !isIntercepted ? unaryMethod(this.#channel, definition, stock) : stock;
      define(stub, RENAMED.get(name) ?? name, method);
    }
    return stub;
  }
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
