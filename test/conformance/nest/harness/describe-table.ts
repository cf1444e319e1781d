import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allDeviations, deviations } from '../deviations/index.js';
import { allScenarios, groups } from '../scenarios/index.js';
import { columnsOfOurClients, columnsOfStockClients } from './columns.js';

const page = readFileSync(new URL('../../../../docs/parity.md', import.meta.url), 'utf8');

/** The headings under the one that says where which columns differ. */
function headingsOfDeviations(): string[] {
  return [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!.replaceAll('`', ''));
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The table holds together, and with what users are told of it. */
export function describeTable(): void {
  describe('the table of parity', () => {
    it('has scenarios with names of their own', () => {
      const names = allScenarios.map(({ name }) => name);
      expect(unique(names)).toEqual(names);
    });

    it('has a scenario for whatever a deviation is observed in, and a column that shows it', () => {
      const names = new Set(allScenarios.map(({ name }) => name));
      const columns = [...columnsOfStockClients, ...columnsOfOurClients];
      for (const { title, of, observed } of deviations) {
        expect(columns.some(of), title).toBe(true);
        expect(
          Object.keys(observed).filter((name) => !names.has(name)),
          title,
        ).toEqual([]);
      }
    });

    it('has one deviation at most for a scenario in a column', () => {
      for (const column of [...columnsOfStockClients, ...columnsOfOurClients]) {
        const observed = deviations
          .filter(({ of }) => of(column))
          .flatMap((deviation) => Object.keys(deviation.observed));
        expect(unique(observed), column.name).toEqual(observed);
      }
    });

    it('is told by docs/parity.md: all of its deviations, and no others', () => {
      expect(headingsOfDeviations()).toEqual(unique(allDeviations.map(({ title }) => title)));
    });

    it('is told by docs/parity.md: all of its groups, and how many scenarios each has', () => {
      const rows = [...page.matchAll(/^\| (.+?) +\| +(\d+) +\|/gm)].map(([, title, count]) => [
        title!.replaceAll(/[`\\]/g, ''),
        Number(count),
      ]);
      expect(rows).toEqual(groups.map(({ title, scenarios }) => [title, scenarios.length]));
    });
  });
}
