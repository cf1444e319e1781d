import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const samples = readdirSync(`${root}/sample`).filter((name) => /^0[3-9]-|^[1-9]\d-/.test(name));

const read = (path: string): string => readFileSync(`${root}/sample/${path}`, 'utf8');

/** The command that a README says runs the sample. */
function commandOf(readme: string): string {
  return /```sh\n(.+)\n```/.exec(readme)![1]!;
}

describe.concurrent('a sample, run as its README says,', () => {
  // Of several tests at once only the context knows which one is meant.
  it.for(samples)(
    'prints what is expected: %s',
    { timeout: 300_000 },
    async (sample, { expect, onTestFinished }) => {
      const child = spawn(commandOf(read(`${sample}/README.md`)), {
        cwd: root,
        shell: true,
        detached: true, // a group of its own, which can be killed as a whole
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onTestFinished(() => {
        if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => (stdout += String(chunk)));
      child.stderr.on('data', (chunk) => (stderr += String(chunk)));
      const [code] = await once(child, 'close');

      expect({ code, stdout }, stderr).toEqual({
        code: 0,
        stdout: read(`${sample}/expected-output.txt`),
      });
    },
  );
});
