import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: {
      'nestjs-backchannel/yamux-js': `${root}lib/yamux-js/index.ts`,
      'nestjs-backchannel/testing': `${root}lib/testing/index.ts`,
      'nestjs-backchannel': `${root}lib/index.ts`,
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['test/**/*.spec.ts'], exclude: ['test/interop/**'] },
      },
      // What users see must be the same on either engine.
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: ['test/e2e/**/*.spec.ts'],
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: 'reports/vitest.json' },
  },
});
