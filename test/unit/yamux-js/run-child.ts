import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a process fared. */
export interface ChildResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a scenario of `fault-child.mjs` in a process of its own. */
export function runChild(scenario: string): Promise<ChildResult> {
  const script = fileURLToPath(new URL('fault-child.mjs', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, scenario], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
