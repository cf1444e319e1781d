import { describe, expect, it } from 'vitest';
import { deviations, newNodeDeviations } from './deviations/index.js';
import { allScenarios } from './scenarios/index.js';

describe('the scenarios', () => {
  it('have names of their own', () => {
    const names = allScenarios.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('show every deviation', () => {
    const unseen = [...deviations, ...newNodeDeviations].filter(
      (deviation) => !allScenarios.some(({ name }) => deviation.scenarios.test(name)),
    );
    expect(unseen.map(({ scenarios }) => scenarios)).toEqual([]);
  });
});
