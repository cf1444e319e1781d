import type { GrpcEngine } from '../../../../lib/index.js';
import { engines } from '../../../fixtures/engines.js';
import type { EnginePair } from './link.js';
import type { Subject } from './scenario.js';

function pairOf(client: GrpcEngine, server: GrpcEngine): EnginePair {
  return { name: `${client.name} calling ${server.name}`, client, server };
}

const reference = engines[0]!;

/** What all others are compared with. */
export const referencePair = pairOf(reference, reference);

/** Every client with every server; or, where that is too much, every engine with itself. */
export type Pairing = 'all' | 'alike';

/**
 * The pairs that are compared with the reference. Where one end is a raw peer its engine is left at
 * the reference.
 */
export function pairsFor(subject: Subject, pairing: Pairing = 'all'): EnginePair[] {
  return allPairs(subject).filter(
    ({ client, server }) =>
      (client !== reference || server !== reference) &&
      (pairing === 'all' || subject !== 'both' || client === server),
  );
}

function allPairs(subject: Subject): EnginePair[] {
  if (subject === 'client') return engines.map((engine) => pairOf(engine, reference));
  if (subject === 'server') return engines.map((engine) => pairOf(reference, engine));
  return engines.flatMap((client) => engines.map((server) => pairOf(client, server)));
}
