import { repeatedByIndex } from '../program/invent-fields.js';
import {
  calls,
  callsOf,
  greeting,
  headersStep,
  messageStep,
  requestFields,
} from '../program/phrases.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

const REFLEXES = { accept: true, credit: true, settings: true, pings: true };

/** Methods of the target's own service. */
export const METHODS = ['Echo', 'Count', 'List', 'Chat', 'Hold', 'Late', 'Never', 'EchoBack'];

/** Standard services, which every target serves. */
const HEALTH = ['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'];

/** Methods whose handlers take as much as others, or more: unary, and streaming with a timer. */
export const DEAR_METHODS = ['Echo', 'Late'] as const;

/** A few calls of an honest peer, with which the search begins, and which warm the target up. */
export function honestPrograms(site: Site): Program[] {
  const name = messageStep(1, { content: { kind: 'fresh name', size: 20 } });
  return [
    ...METHODS.map((method) => calls(method, 1, 3)),
    ...HEALTH.map((path) => callsOf(path, 3, name)),
  ].map((steps) => ({ reflexes: REFLEXES, steps: [...greeting(site), ...steps] }));
}

/** Longer than the handler of `Late` takes. */
const WAIT_MS = 150;

/** Makes `1 + count` short calls of `method` in one piece, and waits if their handlers do. */
export function honestCalls(site: Site, method: string, count: number): Program {
  const fields = requestFields(`/cost.Costs/${method}`, 'insert');
  const message = messageStep(3, { content: { kind: 'bytes', size: 0 } });
  const again = headersStep(3, repeatedByIndex(fields, 1));
  return {
    reflexes: REFLEXES,
    steps: [
      ...greeting(site),
      headersStep(1, fields, true),
      { do: 'repeat', times: count, stride: 2, carrierStride: 0, steps: [again, message] },
      ...(method === 'Late' ? [{ do: 'wait', ms: WAIT_MS } as const] : []),
    ],
  };
}
