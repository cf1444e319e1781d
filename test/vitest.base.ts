import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What all runs of vitest have in common. */
export const base = defineConfig({
  root,
  resolve: {
    alias: {
      'nestjs-backchannel/yamux-js': `${root}lib/yamux-js/index.ts`,
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

/** Run by `npm run test:thorough`: a minute and more, and nothing that the other tests do not touch. */
export const thoroughTests = [
  'test/conformance/engine/backchannel-*.spec.ts',
  'test/e2e/faults/{every-cut,slow-link-by-default}.spec.ts',
  'test/e2e/samples.spec.ts',
  'test/e2e/samples-by-command.spec.ts',
  'test/soak/**/*.spec.ts',
];

/** The same, on grpc-js only: what starts processes or many applications, and counts all that a process has. */
export const thoroughTestsOfGrpcJs = [
  'test/e2e/faults/{cuts,honest-traffic,network-faults}.spec.ts',
  'test/e2e/nest/{backpressure,closing-by-decision,killed,odd-messages}.spec.ts',
  'test/e2e/nest/{leaks,lifecycle,listening,rolling-restart,shutdown}.spec.ts',
  'test/e2e/nest/slow-loris.spec.ts',
  'test/e2e/yamux-js.spec.ts',
];

/** What comes from the wire with bad intent, or broken. */
export const hostileTests = [
  'test/unit/**/*hostile*.spec.ts',
  'test/unit/**/*robustness*.spec.ts',
  'test/{property,faults,fuzz}/**/*.spec.ts',
];
