import { defineConfig } from 'vitest/config';
import base from '../vitest.config.js';

/** Apart from `npm test`, since these need a Go toolchain and minutes. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/interop/**/*.spec.ts'],
    exclude: ['test/interop/go/**'],
    // The first file builds the Go peers; two would do so at once.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    outputFile: { json: 'reports/interop.json' },
  },
});
