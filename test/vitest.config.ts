import { mergeConfig } from 'vitest/config';
import { base, thoroughTests, thoroughTestsOfGrpcJs } from './vitest.base.js';

/** Tests of what users see. */
const endToEnd = 'test/e2e/**/*.spec.ts';
/** Looks at all that its process has. */
const leaks = 'test/e2e/nest/leaks.spec.ts';
/** Tests that look at nothing but what they make: they share a process, which saves loading Nest again. */
const together = ['test/unit/http2/**/*.spec.ts', 'test/unit/grpc/server/**/*.spec.ts'];

export default mergeConfig(base, {
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'test/{unit,conformance,fuzz,property,faults}/**/*.spec.ts',
            'sample/**/*.spec.ts',
            leaks,
          ],
          exclude: [...together, ...thoroughTests],
        },
      },
      {
        extends: true,
        test: {
          name: 'in one process',
          include: [...together, endToEnd],
          exclude: [leaks, ...thoroughTests],
          isolate: false,
        },
      },
      // What users see must be the same on either engine.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: [endToEnd],
          exclude: [...thoroughTestsOfGrpcJs, ...thoroughTests],
          isolate: false,
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    outputFile: { json: 'reports/vitest.json' },
  },
});
