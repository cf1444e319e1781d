import type { ChannelInterface, Client } from '@grpc/grpc-js';
import { routerOf } from './built-in/index.js';
import { pooledSerializer, type Serialize } from './pooled-serializer.js';
import type { CallTransformer } from './without-caller-stack.js';

/**
 * Returns the serializer for requests that are handed to calls of `channel`: `pooledSerializer(serialize)` for a
 * channel of the built-in engine, `serialize` for others. A channel of the application may keep requests, for
 * example to send them again.
 */
export function requestSerializer(serialize: Serialize, channel: ChannelInterface): Serialize {
  return routerOf(channel) === undefined ? serialize : pooledSerializer(serialize);
}

/** A grpc-js client has two lists under symbols: interceptors, and their providers. */
const LISTS_OF_CLIENT = 2;

/**
 * Lets the requests of `client` use pooled buffers: wraps its `callInvocationTransformer`, which is `given`. Calls
 * with interceptors use none: interceptors see the serializer of the method, and may keep what it returns.
 *
 * The options of the client do not tell this: its class may have changed them, and interceptors may be added to
 * their list later. So the client itself is looked at. If it has another transformer, it stays as it is.
 */
export function poolRequests(client: Client, given: CallTransformer | undefined): void {
  const properties = client as unknown as Record<symbol, unknown>;
  const keys = Object.getOwnPropertySymbols(client);
  const place = keys.find((key) => properties[key] === given);
  const lists = keys.map((key) => properties[key]).filter((value) => Array.isArray(value));
  if (given === undefined || place === undefined || lists.length !== LISTS_OF_CLIENT) return;
  Reflect.set(client, place, pooledRequests(given, lists));
}

/** @param lists - interceptors of the client, and their providers. */
function pooledRequests(
  next: CallTransformer,
  lists: readonly (readonly unknown[])[],
): CallTransformer {
  return (properties) => {
    const { channel, methodDefinition, callOptions } = properties;
    const { interceptors, interceptor_providers: providers } = callOptions;
    if (!interceptors?.length && !providers?.length && !lists.some(hasAny)) {
      const { requestSerialize } = methodDefinition;
      methodDefinition.requestSerialize = requestSerializer(requestSerialize, channel);
    }
    return next(properties);
  };
}

function hasAny({ length }: readonly unknown[]): boolean {
  return length > 0;
}
