import { calls, greeting } from '../program/phrases.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

const REFLEXES = { accept: true, credit: true, settings: true, pings: true };

const METHODS = ['Echo', 'Count', 'List', 'Chat', 'Hold', 'Late', 'Never', 'EchoBack'];

/** Methods whose handlers take as much as others, or more: unary, and streaming with a timer. */
export const DEAR_METHODS = ['Echo', 'Late'] as const;

/** A few calls of an honest peer, with which the search begins, and which warm the target up. */
export function honestPrograms(site: Site): Program[] {
  return METHODS.map((method) => ({
    reflexes: REFLEXES,
    steps: [...greeting(site), ...calls(method, 1, 3)],
  }));
}

/** Makes `count` calls of `method` in one piece. */
export function honestCalls(site: Site, method: string, count: number): Program {
  return { reflexes: REFLEXES, steps: [...greeting(site), ...calls(method, 1, count)] };
}
