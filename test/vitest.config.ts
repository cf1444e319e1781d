import { mergeConfig } from 'vitest/config';
import { base, thoroughTests } from './vitest.base.js';

export default mergeConfig(base, {
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.spec.ts', 'sample/**/*.spec.ts'],
          exclude: ['test/interop/**', ...thoroughTests],
        },
      },
      // What users see must be the same on either engine.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: ['test/e2e/**/*.spec.ts'],
          // Processes that start slowly, and what they run on either engine is tested elsewhere.
          exclude: ['test/e2e/samples-by-command.spec.ts'],
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    outputFile: { json: 'reports/vitest.json' },
  },
});
