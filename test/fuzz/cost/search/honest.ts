import { calls, callsOf, greeting, messageStep } from '../program/phrases.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

const REFLEXES = { accept: true, credit: true, settings: true, pings: true };

const METHODS = ['Echo', 'Count', 'List', 'Chat', 'Hold', 'Late', 'Never', 'EchoBack'];

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

/** Makes `count` calls of `method` in one piece. */
export function honestCalls(site: Site, method: string, count: number): Program {
  return { reflexes: REFLEXES, steps: [...greeting(site), ...calls(method, 1, count)] };
}
