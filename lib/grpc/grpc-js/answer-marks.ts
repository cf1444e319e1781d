import type { sendUnaryData, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { markAnswered } from '../answered-calls.js';
import type { ServiceHandlers } from '../service-handlers.js';

type AnsweringHandler = (call: object, callback: sendUnaryData<unknown>) => void;

/**
 * Wraps the `handlers` of a service so that methods with one response mark their calls as answered. Calls
 * with a response stream show it themselves (`writableEnded`).
 *
 * @returns an object without prototype.
 */
export function markingAnswers(
  service: ServiceDefinition,
  handlers: ServiceHandlers,
): ServiceHandlers {
  const marking = Object.create(null) as ServiceHandlers;
  for (const [name, handler] of Object.entries(handlers)) {
    const { responseStream } = service[name]!;
    marking[name] = responseStream ? handler : marked(handler as AnsweringHandler);
  }
  return marking;
}

function marked(handler: AnsweringHandler): UntypedHandleCall {
  return ((call, callback) =>
    handler(call, (...answer) => {
      markAnswered(call);
      callback(...answer);
    })) as AnsweringHandler as UntypedHandleCall;
}
