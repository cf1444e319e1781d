import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nestMajor } from '../../../fixtures/nest/major.js';
import { deviations } from '../deviations/index.js';
import { groups } from '../scenarios/index.js';
import { closeBench, startBench, type Bench } from './bench.js';
import type { Column } from './column.js';
import { catchEscapes, takeEscapes } from './escapes.js';
import { Run } from './run.js';
import type { Observation, Scenario } from './scenario.js';

/** Runs all scenarios in the way of `column`, on applications that are started once. */
export function describeColumn(column: Column): void {
  describe(column.name, () => {
    let bench: Bench;
    beforeAll(async () => {
      // What scenarios do wrong on purpose would fill the screen.
      setLogVerbosity(logVerbosity.NONE);
      Logger.overrideLogger(false);
      catchEscapes();
      bench = await startBench(column);
    });
    afterAll(async () => {
      await closeBench(bench);
      expect(takeEscapes()).toEqual([]);
    });

    for (const { title, scenarios } of groups) {
      describe.concurrent(title, () => {
        for (const scenario of scenarios) {
          it.skipIf(nestMajor < (scenario.since ?? 0))(scenario.name, async () =>
            expect(await observe(bench, scenario)).toEqual(expectedOf(scenario, column)),
          );
        }
      });
    }
  });
}

async function observe(bench: Bench, scenario: Scenario): Promise<Observation> {
  const run = new Run(bench, deviationOf(scenario, bench.column)?.isAbsence ?? false);
  try {
    return await scenario.run(run);
  } finally {
    await run.close();
  }
}

function expectedOf(scenario: Scenario, column: Column): Observation {
  const deviation = deviationOf(scenario, column);
  return deviation === undefined ? scenario.expected : deviation.observed[scenario.name];
}

function deviationOf({ name }: Scenario, column: Column) {
  return deviations.find(({ of, observed }) => of(column) && Object.hasOwn(observed, name));
}
