import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { replaceSection } from '../bench/report/replace-section.js';
import type { ReliabilityResults } from './results.js';
import { markdownTables } from './tables.js';

const PAGE = 'docs/reliability.md';

/** Writes `results` where they are read later. */
export async function save(results: ReliabilityResults): Promise<void> {
  await mkdir('bench-results', { recursive: true });
  const json = `${JSON.stringify(results, undefined, 2)}\n`;
  await writeFile('bench-results/reliability.json', json);
}

/** Puts the tables of `results` into the documentation. */
export async function publish(results: ReliabilityResults): Promise<void> {
  let page = await readFile(PAGE, 'utf8');
  page = replaceSection(page, 'run', describeRun(results));
  page = replaceSection(page, 'results', markdownTables(results));
  await writeFile(PAGE, await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}

function describeRun({ at, commit, command, machine }: ReliabilityResults): string {
  const { cpu, cores, memoryGiB, os, node } = machine;
  return [
    `- ${at.slice(0, 10)}, commit ${commit}, \`${command}\``,
    `- ${cores} cores of ${cpu}, ${memoryGiB} GiB, ${os}`,
    `- Node.js ${node}`,
  ].join('\n');
}
