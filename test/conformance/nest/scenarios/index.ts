import type { Scenario, ScenarioGroup } from '../harness/scenario.js';
import { answers } from './answers.js';
import { arrangements } from './arrangements.js';
import { enhancers } from './enhancers.js';
import { facts } from './facts.js';
import { failures } from './failures.js';
import { flows } from './flows.js';
import { global } from './global.js';
import { kinds } from './kinds.js';
import { lifetimes } from './lifetimes.js';
import { lives } from './lives.js';

/** The table: every scenario is run in every column. */
export const groups: readonly ScenarioGroup[] = [
  kinds,
  answers,
  failures,
  enhancers,
  global,
  facts,
  lives,
  flows,
  arrangements,
  lifetimes,
];

export const allScenarios: readonly Scenario[] = groups.flatMap(({ scenarios }) => scenarios);
