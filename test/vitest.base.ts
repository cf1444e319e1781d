import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What all runs of vitest have in common. */
export const base = defineConfig({
  root,
  resolve: {
    alias: {
      'nestjs-backchannel/core': `${root}lib/core.ts`,
      'nestjs-backchannel/yamux-js': `${root}lib/yamux-js/index.ts`,
      'nestjs-backchannel/yamux': `${root}lib/yamux.ts`,
      'nestjs-backchannel/connect': `${root}lib/connect/index.ts`,
      'nestjs-backchannel/testing': `${root}lib/testing/index.ts`,
      'nestjs-backchannel': `${root}lib/index.ts`,
    },
  },
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    // Nothing takes so long but on a machine that is busy with something else.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
  },
});

/**
 * What a test needs stands in the name of its file:
 *
 * - `*.alone.spec.ts`: a process of its own, since it looks at all that its process has, or changes it.
 * - `*.thorough.spec.ts`: a minute and more, and nothing that the other tests do not touch; run by
 *   `npm run test:thorough` only.
 * - `*.heavy.spec.ts`: end to end, with processes or many applications. On the engine `grpc-js` run by
 *   `npm run test:thorough` only.
 */
export const traits = {
  alone: ['**/*.alone.*spec.ts', 'sample/**/*.spec.ts'],
  thorough: ['test/**/*.thorough.*spec.ts'],
  heavy: ['test/e2e/**/*.heavy.*spec.ts'],
};

/** What comes from the wire with bad intent, or broken. */
export const hostileTests = [
  'test/unit/**/*hostile*.spec.ts',
  'test/unit/**/*robustness*.spec.ts',
  'test/{property,faults,fuzz}/**/*.spec.ts',
];
