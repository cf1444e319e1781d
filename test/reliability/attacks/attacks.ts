import type { Attack } from './attack.js';
import { connecting } from './connecting.js';
import { http2 } from './http2.js';
import { multiplexing } from './multiplexing.js';
import { peers } from './peers.js';

/** All attacks, by what they use. */
export const ATTACKS = { connecting, multiplexing, http2, peers };

export type AttackGroup = keyof typeof ATTACKS;

/** @param name - as `nameOf` gives it. */
export function findAttack(name: string): Attack {
  const [group, what] = name.split('/', 2) as [AttackGroup, string];
  return ATTACKS[group].find((attack) => nameOf(group, attack) === `${group}/${what}`)!;
}

/** By which another process finds it. */
export function nameOf(group: AttackGroup, { what }: Attack): string {
  return `${group}/${what.replaceAll('/', ' ')}`;
}
