import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { chartsOf } from './report/charts.js';
import { markdownTable } from './report/markdown.js';
import { matrixMarkdown } from './report/matrix/index.js';
import { replaceSection } from './report/replace-section.js';
import type { BenchMatrix, BenchResults } from './results.js';

const PAGE = 'docs/performance.md';
const CHARTS = 'docs/performance';

/** Writes `results` where they are read later: the newest under a fixed name, each under its time. */
export async function save(results: BenchResults | BenchMatrix): Promise<void> {
  const json = `${JSON.stringify(results, undefined, 2)}\n`;
  await mkdir('bench-results', { recursive: true });
  await writeFile(`bench-results/${'cells' in results ? 'matrix' : 'latest'}.json`, json);
  await writeFile(`bench-results/${results.at.replaceAll(':', '-')}.json`, json);
}

/** Draws the charts of `results` into `folder`. */
export async function drawCharts(results: BenchResults, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, svg] of chartsOf(results)) await writeFile(join(folder, name), svg);
}

/** Puts tables and charts of `results` into the documentation. */
export async function publish(results: BenchResults): Promise<void> {
  let page = await readFile(PAGE, 'utf8');
  page = replaceSection(page, 'run', describeRun(results));
  page = replaceSection(page, 'results', markdownTable(results));
  await write(page);
  await drawCharts(results, CHARTS);
}

/** Puts the tables of a matrix into the documentation. */
export async function publishMatrix({ cells }: BenchMatrix): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const run = describeRun(cells[0]!, [...new Set(cells.map(({ machine }) => machine.node))]);
  await write(replaceSection(page, 'matrix', `${run}\n\n${matrixMarkdown(cells)}`));
}

async function write(page: string): Promise<void> {
  await writeFile(PAGE, await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}

function describeRun(
  { at, commit, command, machine }: BenchResults,
  nodes = [machine.node],
): string {
  const { cpu, cores, memoryGiB, os, go } = machine;
  return [
    `- ${at.slice(0, 10)}, commit ${commit}, \`${command}\``,
    `- ${cores} cores of ${cpu}, ${memoryGiB} GiB, ${os}`,
    `- Node.js ${nodes.join(', ')}${go === undefined ? '' : `, Go ${go.replace(/^go/, '')}`}`,
  ].join('\n');
}
