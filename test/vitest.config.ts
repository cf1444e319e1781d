import { mergeConfig } from 'vitest/config';
import { base, traits } from './vitest.base.js';

/** Tests of what users see. */
const endToEnd = 'test/e2e/**/*.spec.ts';
/** The others share a process with those before them: loading Nest again takes longer than most of them. */
const together = ['test/{unit,conformance}/**/*.spec.ts', endToEnd];

export default mergeConfig(base, {
  test: {
    projects: [
      { extends: true, test: { name: 'alone', include: traits.alone, exclude: traits.thorough } },
      {
        extends: true,
        test: {
          name: 'in one process',
          include: together,
          exclude: [...traits.alone, ...traits.thorough],
          isolate: false,
        },
      },
      // What users see must be the same on either engine.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: [endToEnd],
          exclude: [...traits.heavy, ...traits.thorough],
          isolate: false,
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    outputFile: { json: 'reports/vitest.json' },
  },
});
