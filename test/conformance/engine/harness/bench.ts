import { Metadata, type ChannelOptions, type ServerOptions } from '@grpc/grpc-js';
import type { StreamServer } from '../../../../lib/core.js';
import { measuringTransformer } from '../../../../lib/grpc/index.js';
import type { Channel, Connection, EnginePair, Link } from './link.js';
import { referencePair } from './pairs.js';
import { stubOf, type StubSetup } from './stub-of.js';
import { bytes, json, methodOf, testService } from './test-service.js';
import type { Codec, Handlers, Message, TestService, TestStub } from './test-service.js';

/** What a scenario wants to have in front of it; everything may be left out. */
export interface Setup extends StubSetup {
  /** What the server answers; a kind without a handler is not implemented. */
  handlers?: Partial<Handlers>;
  serverCodec?: Codec;
  /** Methods as only the server knows them. */
  serverMethods?: Partial<TestService>;
  client?: ChannelOptions | undefined;
  server?: ServerOptions | undefined;
}

const PING = { ping: methodOf('/conformance.Ping/ping', 'unary', bytes) };

/** A server with the test service, connected, and a stub of it. */
export class Bench {
  readonly stub: TestStub;
  readonly channel: Channel;
  readonly server: StreamServer;
  readonly #connection: Connection;

  private constructor(setup: Setup, connection: Connection) {
    this.#connection = connection;
    this.channel = connection.channel;
    this.server = connection.server;
    this.stub = stubOf(this.channel, setup);
  }

  static async open(pair: EnginePair, link: Link, setup: Setup): Promise<Bench> {
    const codec = setup.serverCodec ?? setup.codec ?? json;
    const service = { ...testService(codec), ...setup.serverMethods };
    const connection = await link.connect(pair, setup, (server) => {
      server.addService(service, { ...setup.handlers });
      server.addService(PING, {
        ping: (_call: unknown, callback: (error: null, value: Message) => void) =>
          callback(null, Buffer.alloc(0)),
      });
    });
    const isReference = pair.client === referencePair.client;
    return new Bench(isReference ? setup : { ...setup, stub: ours(setup.stub) }, connection);
  }

  /**
   * Resolves when the server has answered twice: by then each end has what the other had sent it
   * before, as all of it is on one connection.
   */
  async settled(): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      await this.#ping();
      await new Promise(setImmediate);
    }
  }

  /** Ends every connection the hard way, as a network does. */
  cut(): void {
    this.#connection.cut();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #ping(): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = PING.ping;
    return new Promise((resolve, reject) => {
      this.stub.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.alloc(0),
        new Metadata(),
        {},
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }
}

/** Options of a stub as those that this package makes have them. */
function ours(options: StubSetup['stub']): NonNullable<StubSetup['stub']> {
  return {
    ...options,
    callInvocationTransformer: measuringTransformer(options?.callInvocationTransformer),
  };
}
