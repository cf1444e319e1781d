import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { EndProcess } from './end-process.js';
import type { Pair } from './pair.js';
import type { Values, Workload } from './workloads/index.js';

const FOLDER = 'bench-results/profiles';
const LINES = 20;

/** What a `.cpuprofile` file says, as far as it matters here. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Profiles rounds, and prints where the time went in each process. */
export class Profiles {
  readonly #goBinary: string | undefined;
  readonly #files: string[] = [];

  constructor(goBinary: string | undefined) {
    this.#goBinary = goBinary;
  }

  /** For `RunnerSettings.onRound`. */
  async record(
    workload: Workload,
    { system, caller, called }: Pair,
    round: () => Promise<Values>,
  ): Promise<Values> {
    await mkdir(FOLDER, { recursive: true });
    const suffix = system.runtime === 'go' ? 'pprof' : 'cpuprofile';
    const ends: [EndProcess, string][] = [
      [caller, `${workload.name}.${system.name}.calling.${suffix}`],
      [called, `${workload.name}.${system.name}.called.${suffix}`],
    ];
    await Promise.all(ends.map(([end]) => end.order({ do: 'start-profile' })));
    const values = await round();
    for (const [end, name] of ends) {
      const file = join(process.cwd(), FOLDER, name);
      await end.order({ do: 'stop-profile', file });
      this.#files.push(file);
    }
    return values;
  }

  /** The functions that took most of each recorded process, and where the whole profile lies. */
  async summary(): Promise<string> {
    const parts = this.#files.map(async (file) => {
      const top = file.endsWith('.pprof') ? await this.#topOfGo(file) : await topOfNode(file);
      return `${FOLDER}/${basename(file)}\n${top}\n`;
    });
    return (await Promise.all(parts)).join('\n');
  }

  async #topOfGo(file: string): Promise<string> {
    const args = ['tool', 'pprof', '-top', `-nodecount=${LINES}`, this.#goBinary!, file];
    return (await promisify(execFile)('go', args)).stdout;
  }
}

async function topOfNode(file: string): Promise<string> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = names.get(id)!;
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]!);
  });
  const all = [...times.values()].reduce((a, b) => a + b, 0);
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, time]) => `${((100 * time) / all).toFixed(1).padStart(6)} %  ${name}`)
    .join('\n');
}

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^.*\/(?=node_modules\/|lib\/|test\/)/, '');
  return `${functionName || '(anonymous)'}${place && `  ${place}:${lineNumber + 1}`}`;
}
