import { mergeConfig } from 'vitest/config';
import { base, hostileTests, traits } from './vitest.base.js';

/** What takes too long for every run of the tests. */
export default mergeConfig(base, {
  test: {
    projects: [
      { extends: true, test: { name: 'all', include: traits.thorough } },
      {
        extends: true,
        test: {
          name: 'hostile input, strict',
          include: hostileTests,
          // What nobody handles is an uncaught exception then, which fails the run.
          execArgv: ['--unhandled-rejections=strict'],
        },
      },
      {
        extends: true,
        test: {
          name: 'engine grpc-js',
          include: traits.heavy,
          env: { BACKCHANNEL_ENGINE: 'grpc-js' },
        },
      },
    ],
    outputFile: { json: 'reports/thorough.json' },
  },
});
