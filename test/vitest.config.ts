import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: {
      'nestjs-backchannel/yamux-js': `${root}lib/yamux-js/index.ts`,
      'nestjs-backchannel': `${root}lib/index.ts`,
    },
  },
  test: {
    include: ['test/**/*.spec.ts'],
    exclude: ['test/interop/**'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: 'reports/vitest.json' },
  },
});
