import { describe, expect, it } from 'vitest';
import { besideBuild, CHECK_CASES } from '../../bench/check/cases.js';
import { formatCheck } from '../../bench/check/check-table.js';

function caseNamed(name: string): (typeof CHECK_CASES)[number] {
  return CHECK_CASES.find((checked) => checked.name === name)!;
}

describe('the table of a check', () => {
  it('has recorded, measured and bound of each case, and says what is wrong', () => {
    const [unary, large, small] = ['unary-64B-c64', 'mux-64KiB-x1', 'mux-1KiB-x16'].map(caseNamed);

    const table = formatCheck([
      { checked: unary!, samples: [0.12, 0.1], recorded: 0.1 },
      { checked: large!, samples: [1.5, 0.9, 1.4], recorded: 1 },
      {
        checked: besideBuild(small!, { commit: 'd83a4e9', root: '' }),
        samples: [1.25],
        recorded: 1,
      },
      { checked: small!, samples: [0.5, 0.5], recorded: 1 },
      { checked: small!, samples: [], recorded: 1 },
    ]);

    expect(table).toBe(
      [
        'workload       ours              rival                 live heap  recorded  measured  bound',
        'unary-64B-c64  ours-backchannel  grpc-js-plain             0 MiB     0.100     0.110  0.130  ok',
        'mux-64KiB-x1   ours-yamux        socket                  200 MiB      1.00      1.40   1.30  EXCEEDED',
        'mux-1KiB-x16   ours-yamux        d83a4e9                 200 MiB      1.00      1.25   1.30  ok',
        'mux-1KiB-x16   ours-yamux        socket, mux-64KiB-x1    200 MiB      1.00     0.500   1.30  ok, record it anew',
        'mux-1KiB-x16   ours-yamux        socket, mux-64KiB-x1    200 MiB      1.00         –   1.30  NOT MEASURED',
      ].join('\n'),
    );
  });
});
