import { check } from 'prettier';
import { describe, expect, it } from 'vitest';
import { markdownTable } from '../../bench/report/markdown.js';
import { replaceSection } from '../../bench/report/replace-section.js';
import { resultsOf } from './sample-results.js';

const P50 = { workload: 'latency', metric: 'p50', unit: 'µs', better: 'lower' } as const;
const MUX = { workload: 'mux-1', metric: 'throughput', unit: 'MiB/s' };
const COST = { metric: 'allocated', unit: 'bytes/call', primary: false };

const RESULTS = resultsOf(
  { system: 'plain', median: 8_214, ratio: 1 },
  { system: 'ours', median: 52_149, ratio: 6.349 },
  { system: 'go-plain', median: 104_321, ratio: 12.7 },
  { ...COST, system: 'plain', median: 18_637 },
  { ...COST, system: 'ours', median: 999 },
  { ...P50, system: 'plain', median: 210, ratio: 1 },
  { ...P50, system: 'ours', median: 250, ratio: 0.84 },
  { ...MUX, system: 'socket', median: 1_234 },
  { ...MUX, system: 'ours', median: 2_000 },
  { ...MUX, system: 'go-yamux', median: 3_000 },
);

const TABLES = `
| workload         |        plain |             ours |    go-plain |
| ---------------- | -----------: | ---------------: | ----------: |
| unary (calls/s)  |   8,210 (1×) | **52.1k (6.3×)** | 104k (13×) |
| latency (p50, µs) | **210 (1×)** |      250 (0.84×) |           – |
`;

describe('the tables for the docs', () => {
  it('show median and ratio by workload and system, the best in JavaScript in bold', () => {
    expect(squeeze(markdownTable(RESULTS))).toContain(squeeze(TABLES));
  });

  it('give workloads for other systems a table of their own', () => {
    expect(squeeze(markdownTable(RESULTS))).toContain(
      squeeze('| mux-1 (throughput, MiB/s) | 1,230 | **2,000** | 3,000 |'),
    );
  });

  it('end with what it costs', () => {
    expect(squeeze(markdownTable(RESULTS)).trim()).toMatch(
      /\| unary \(allocated, per call\) \| 18\.2 KiB \| 999 B \| – \|$/,
    );
  });

  it('stay as they are when prettier formats the page', async () => {
    const page = '# Performance\n\n<!-- bench:all -->\n\n<!-- /bench:all -->\n\nThe end.\n';
    const filled = replaceSection(page, 'all', markdownTable(RESULTS));
    expect(await check(filled, { parser: 'markdown', printWidth: 100 })).toBe(true);
  });
});

/** Without the padding, which prettier checks. */
function squeeze(table: string): string {
  return table.replace(/ +/g, ' ').replace(/-+:?/g, '-').trim();
}
