import type {
  sendUnaryData,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { markAnswered } from '../answered-calls.js';

type AnsweringHandler = (call: object, callback: sendUnaryData<unknown>) => void;

/**
 * `implementation`, whose handlers with one response mark their calls as answered. Of those with many
 * responses the call itself tells.
 */
export function markingAnswers(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): UntypedServiceImplementation {
  // Of anything else grpc-js says what is wrong.
  if (!isObject(service) || !isObject(implementation)) return implementation;
  const marking: UntypedServiceImplementation = {};
  for (const [name, { originalName, responseStream }] of Object.entries(service)) {
    // As grpc-js looks for it.
    const handler = implementation[name] ?? implementation[originalName ?? name];
    if (handler === undefined) continue;
    const bound = handler.bind(implementation) as UntypedHandleCall;
    marking[name] = responseStream ? bound : marked(bound as AnsweringHandler);
  }
  return marking;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function marked(handler: AnsweringHandler): UntypedHandleCall {
  return ((call, callback) =>
    handler(call, (...answer) => {
      markAnswered(call);
      callback(...answer);
    })) as AnsweringHandler as UntypedHandleCall;
}
