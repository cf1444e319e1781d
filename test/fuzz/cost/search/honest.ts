import { calls, greeting } from '../program/phrases.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

/** What an honest peer does: a few calls, which are the beginning of the search and warm the target up. */
export function honestPrograms(site: Site): Program[] {
  const reflexes = { accept: true, credit: true, settings: true, pings: true };
  const methods = ['Echo', 'Count', 'List', 'Chat', 'Hold', 'Late', 'Never', 'EchoBack'];
  return methods.map((method) => ({
    reflexes,
    steps: [...greeting(site), ...calls(method, 1, 3)],
  }));
}
