import { calls, greeting } from '../program/phrases.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

const REFLEXES = { accept: true, credit: true, settings: true, pings: true };

/** What an honest peer does: a few calls, which are the beginning of the search and warm the target up. */
export function honestPrograms(site: Site): Program[] {
  const methods = ['Echo', 'Count', 'List', 'Chat', 'Hold', 'Late', 'Never', 'EchoBack'];
  return methods.map((method) => ({
    reflexes: REFLEXES,
    steps: [...greeting(site), ...calls(method, 1, 3)],
  }));
}

/** So many unary calls in one piece. */
export function honestCalls(site: Site, count: number): Program {
  return { reflexes: REFLEXES, steps: [...greeting(site), ...calls('Echo', 1, count)] };
}
