import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { expectedOf, onAnyNode } from './expected-of.js';
import { Lab } from './lab.js';
import type { EnginePair, Link } from './link.js';
import { pairsFor, referencePair, type Pairing } from './pairs.js';
import type { Observation, Scenario, Subject } from './scenario.js';

/** Each comparison is made this often. With more than one the reference must agree with itself, too. */
const ROUNDS = Number(process.env['CONFORMANCE_ROUNDS'] ?? 1);

// What scenarios do wrong on purpose would fill the screen.
setLogVerbosity(logVerbosity.NONE);

const SUBJECTS: readonly Subject[] = ['both', 'client', 'server'];

/** Runs `scenarios` over `link` on every pair of engines, and compares with the reference pair. */
export function describeScenarios(
  link: Link,
  scenarios: readonly Scenario[],
  pairing?: Pairing,
): void {
  const references = new Map<Scenario, Promise<Observation>>();
  const referenceOf = (scenario: Scenario): Promise<Observation> => {
    const known = references.get(scenario) ?? observe(scenario, referencePair, link);
    references.set(scenario, known);
    return known;
  };
  const compare = async (scenario: Scenario, pair: EnginePair): Promise<void> => {
    const reference = await referenceOf(scenario);
    expect(reference).toMatchObject(scenario.expected);
    const expected = expectedOf(scenario, pair, reference);
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await observe(scenario, pair, link)).toEqual(expected);
    }
  };

  const present = SUBJECTS.filter((subject) => scenarios.some((one) => one.subject === subject));
  describe.each(present)(`over ${link.name}, scenarios of %s`, (subject) => {
    const chosen = scenarios.filter((scenario) => scenario.subject === subject);
    const pairs = pairsFor(subject, pairing);
    if (ROUNDS > 1) pairs.unshift(referencePair);
    for (const pair of pairs) {
      describe(pair.name, () => {
        for (const scenario of chosen) it(scenario.name, () => compare(scenario, pair));
      });
    }
  });
}

async function observe(scenario: Scenario, pair: EnginePair, link: Link): Promise<Observation> {
  const lab = new Lab(pair, link);
  try {
    return onAnyNode(scenario, pair, await scenario.run(lab));
  } finally {
    await lab.close();
  }
}
