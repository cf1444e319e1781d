import type { ChannelInterface } from '@grpc/grpc-js';
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

/**
 * Creates an option `callInvocationTransformer` for grpc-js clients whose requests use pooled buffers. Calls
 * with interceptors do not: interceptors see the serializer of the method, and may keep what it returns.
 *
 * @param next - transformer that runs afterwards. The client must have no interceptors of its own.
 */
export function pooledRequests(next: CallTransformer): CallTransformer {
  return (properties) => {
    const { channel, methodDefinition, callOptions } = properties;
    if (!callOptions.interceptors?.length && !callOptions.interceptor_providers?.length) {
      const { requestSerialize } = methodDefinition;
      methodDefinition.requestSerialize = requestSerializer(requestSerialize, channel);
    }
    return next(properties);
  };
}
