import { mergeConfig } from 'vitest/config';
import { base, thoroughTests } from './vitest.base.js';

/** What takes too long for every run of the tests. */
export default mergeConfig(base, {
  test: { include: thoroughTests, outputFile: { json: 'reports/thorough.json' } },
});
