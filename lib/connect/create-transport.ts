import type { Transport } from '@connectrpc/connect';
import type {
  ChannelInterface,
  ClientOptions,
  InterceptingCall,
  Interceptor,
  InterceptorProvider,
} from '@grpc/grpc-js';
import type { ClientConn, Peer } from '../backchannel/index.js';
import { hasMethods, OptionError, showValue, verifyOptions } from '../options/index.js';
import { ChannelTransport } from './channel-transport.js';
import { TRANSPORT_RULES, type ConnectTransportOptions } from './transport-options.js';

/** A client of the dialing side: a `BackchannelClient` of Nest. */
export interface HubClient {
  /** Returns the channel of the forward calls. */
  unwrap<T = ChannelInterface>(): T;
  /** Interceptors of grpc-js for the calls. Default: none. */
  readonly clientOptions?: Pick<ClientOptions, 'interceptors' | 'interceptor_providers'>;
}

/**
 * Creates a transport for the listening side: `createClient(Agent, createPeerTransport(peer))` calls a peer.
 * Calls end as those of other stubs do when the peer disconnects. Messages are those of protobuf-es; no
 * proto file is loaded. Interceptors of grpc-js that the listening side has for its peers run inside those
 * of Connect.
 *
 * @param peer - a peer of the registry, or the `ClientConn` that `@Backchannel()` or `getBackchannel(call)`
 * returns. Calls are not bound to the call being handled.
 * @throws OptionError for another first argument, or naming a bad option.
 */
export function createPeerTransport(
  peer: Peer | ClientConn,
  options: ConnectTransportOptions = {},
): Transport {
  const conn = connOf(peer);
  const { channel, clientOptions } = conn;
  return new ChannelTransport(
    { channel, interceptors: interceptorsOf(clientOptions) },
    verifyOptions('createPeerTransport', TRANSPORT_RULES, options),
  );
}

/**
 * Creates a transport for the dialing side: `createClient(Hub, createHubTransport(client))` calls the
 * listening side. Messages are those of protobuf-es; no proto file is loaded. Interceptors of grpc-js that the
 * client has in `channelOptions` run inside those of Connect.
 *
 * @param client - a `BackchannelClient`; without Nest, the channel of `ClientHandshaker.createChannel`.
 * @throws OptionError for another first argument, or naming a bad option.
 */
export function createHubTransport(
  client: HubClient | ChannelInterface,
  options: ConnectTransportOptions = {},
): Transport {
  return new ChannelTransport(
    {
      channel: channelOf(client),
      interceptors: interceptorsOf((client as Partial<HubClient>).clientOptions),
    },
    verifyOptions('createHubTransport', TRANSPORT_RULES, options),
  );
}

function connOf(peer: Peer | ClientConn): ClientConn {
  for (const conn of [peer, (peer as Partial<Peer> | undefined)?.backchannel]) {
    if (isConn(conn)) return conn;
  }
  throw new OptionError(
    `createPeerTransport: the first argument must be a Peer of the registry or the ClientConn of @Backchannel(), not ${showValue(peer)}`,
    'peer',
  );
}

function isConn(value: unknown): value is ClientConn {
  return isChannel((value as Partial<ClientConn> | undefined)?.channel);
}

function channelOf(client: HubClient | ChannelInterface): ChannelInterface {
  if (isChannel(client)) return client;
  if (hasMethods(client, ['unwrap'])) {
    const channel: unknown = client.unwrap();
    if (isChannel(channel)) return channel;
  }
  throw new OptionError(
    `createHubTransport: the first argument must be a BackchannelClient or the channel of ClientHandshaker.createChannel, not ${showValue(client)}`,
    'client',
  );
}

/** Returns interceptors that do what those of grpc-js clients with these options do. */
function interceptorsOf({
  interceptors = [],
  interceptor_providers: providers = [],
}: NonNullable<HubClient['clientOptions']> = {}): Interceptor[] {
  // grpc-js also accepts a single interceptor.
  return [...[interceptors].flat(), ...providers.map(toInterceptor)];
}

/** A provider returns no interceptor for methods that it leaves alone. */
function toInterceptor(provider: InterceptorProvider): Interceptor {
  return (options, next) => {
    const interceptor = provider(options.method_definition) as Interceptor | null | undefined;
    return interceptor ? interceptor(options, next) : (next(options) as InterceptingCall);
  };
}

function isChannel(value: unknown): value is ChannelInterface {
  return hasMethods(value, ['createCall', 'getTarget']);
}
