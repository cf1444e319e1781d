import { mergeConfig } from 'vitest/config';
import { base, thoroughTests } from './vitest.base.js';

/** Tests that look at nothing but what they make: they share a process, which saves its start. */
const together = ['test/unit/http2/**/*.spec.ts', 'test/unit/grpc/server/**/*.spec.ts'];

export default mergeConfig(base, {
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.spec.ts', 'sample/**/*.spec.ts'],
          exclude: ['test/interop/**', ...together, ...thoroughTests],
        },
      },
      { extends: true, test: { name: 'in one process', include: together, isolate: false } },
      // What users see must be the same on either engine.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: ['test/e2e/**/*.spec.ts'],
          // Run apart; and processes that start slowly, where only our own engine is of interest.
          exclude: ['test/e2e/samples.spec.ts', ...thoroughTests, 'test/e2e/nest/leaks.spec.ts'],
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    outputFile: { json: 'reports/vitest.json' },
  },
});
