import { Remote } from '../../remote.js';
import type { AttackerEnd } from './attacker.js';

/** Starts the process that attacks. */
export function startAttacker(): Promise<Remote<AttackerEnd>> {
  return Remote.start<AttackerEnd>('attacker', new URL('attacker.js', import.meta.url));
}
