import { defineConfig } from 'vitest/config';
import base from '../vitest.config.js';

/** Apart from `npm test`, since these need a Go toolchain and minutes. */
export default defineConfig({
  ...base,
  test: {
    ...base['test'],
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/interop/**/*.spec.ts'],
          exclude: ['test/interop/go/**'],
        },
      },
      // The others name their engines themselves.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: ['test/interop/go.spec.ts', 'test/interop/gitaly18.spec.ts'],
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    // The first file builds the Go peers; two would do so at once.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    outputFile: { json: 'reports/interop.json' },
  },
});
