import type { Attack } from './attack.js';
import { closing } from './closing.js';
import { connecting } from './connecting.js';
import { fewBytes, fewBytesBack } from './few-bytes.js';
import { http2 } from './http2.js';
import { multiplexing } from './multiplexing.js';
import { peers } from './peers.js';
import { silence } from './silence.js';

/** Attacks on a listening side, by what they use. */
export const ATTACKS = { connecting, multiplexing, http2, peers };

/** Those that are tried on both engines for comparison; `fewBytesBack` is for dialing sides. */
export const COMPARED_ATTACKS = { fewBytes, fewBytesBack, closing, lockOut: [silence] };

const ALL = { ...ATTACKS, ...COMPARED_ATTACKS };

export type AttackGroup = keyof typeof ALL;

/** @param name - as `nameOf` gives it. */
export function findAttack(name: string): Attack {
  const [group, what] = name.split('/', 2) as [AttackGroup, string];
  return ALL[group].find((attack) => nameOf(group, attack) === `${group}/${what}`)!;
}

/** By which another process finds it. */
export function nameOf(group: AttackGroup, { what }: Attack): string {
  return `${group}/${what.replaceAll('/', ' ')}`;
}
