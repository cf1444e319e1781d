import { pooledSerializer } from './pooled-serializer.js';
import type { CallTransformer } from './without-caller-stack.js';

/**
 * Creates an option `callInvocationTransformer` for grpc-js clients whose requests use pooled buffers. Calls
 * with interceptors do not: interceptors see the serializer of the method, and may keep what it returns.
 *
 * @param next - transformer that runs afterwards. The client must have no interceptors of its own.
 */
export function pooledRequests(next: CallTransformer): CallTransformer {
  return (properties) => {
    const { methodDefinition, callOptions } = properties;
    if (!callOptions.interceptors?.length && !callOptions.interceptor_providers?.length) {
      methodDefinition.requestSerialize = pooledSerializer(methodDefinition.requestSerialize);
    }
    return next(properties);
  };
}
