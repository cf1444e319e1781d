import { mergeConfig } from 'vitest/config';
import { base, thoroughTests, thoroughTestsOfGrpcJs } from './vitest.base.js';

/** Tests of what users see. */
const endToEnd = 'test/e2e/**/*.spec.ts';
/** Tests that look at all that their process has, or change what it has for all. */
const alone = [
  'test/e2e/yamux-js.spec.ts',
  'test/e2e/faults/cuts.spec.ts',
  'test/e2e/nest/{leaks,lifecycle,listening,rolling-restart,shutdown}.spec.ts',
  'test/unit/{yamux,yamux-js}/**/*.spec.ts',
  'test/unit/http2/hostile*.spec.ts',
  'test/unit/grpc/{compression,listener,memory}.spec.ts',
  'test/unit/grpc/client/{dialing,keep-alive}.spec.ts',
  'test/unit/grpc/server/{calls,ending-connections}.spec.ts',
  'test/{conformance/nest,fuzz,property,faults}/**/*.spec.ts',
  'sample/**/*.spec.ts',
];
/** The others share a process with those before them: loading Nest again takes longer than most of them. */
const together = ['test/{unit,conformance}/**/*.spec.ts', endToEnd];

export default mergeConfig(base, {
  test: {
    projects: [
      { extends: true, test: { name: 'all', include: alone, exclude: thoroughTests } },
      {
        extends: true,
        test: {
          name: 'in one process',
          include: together,
          exclude: [...alone, ...thoroughTests],
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
