import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const children: ChildProcessWithoutNullStreams[] = [];

/** Runs a TypeScript file as the npm scripts do. */
function run(file: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

/** What a process prints, once it has ended well. */
async function outputOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

function expectedOutputOf(sample: string): string {
  return readFileSync(`${root}/sample/${sample}/expected-output.txt`, 'utf8');
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('the samples', () => {
  it('01: the demo prints exactly the lines of the example it comes from', async () => {
    const demo = run('sample/01-transactional-mutator/demo.ts');
    expect(await outputOf(demo)).toBe(expectedOutputOf('01-transactional-mutator'));
  });

  it('01: the demo runs on yamux-js too', async () => {
    const demo = run('sample/01-transactional-mutator/demo.ts', [], { MULTIPLEXER: 'yamux-js' });
    expect(await outputOf(demo)).toBe(expectedOutputOf('01-transactional-mutator'));
  });

  it('01: server and client work as processes of their own, until the server is asked to stop', async () => {
    const server = run('sample/01-transactional-mutator/server.ts', [], { PORT: '0' });
    let log = '';
    server.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    while (!log.includes('\n')) await once(server.stdout, 'data');
    const address = /^Gitaly listening on (127\.0\.0\.1:\d+)\n/.exec(log)![1]!;

    const client = 'sample/01-transactional-mutator/client.ts';
    expect(await outputOf(run(client, [address]))).toBe(
      'Praefect received vote via backchannel\nPraefect responding via backchannel\n',
    );
    expect(await outputOf(run(client, [address, '--plain']))).toBe('');
    server.kill('SIGTERM');
    await once(server, 'close');

    expect(log.split('\n').slice(1)).toEqual([
      'Gitaly received a transactional mutator',
      'Gitaly sending vote to Praefect via backchannel',
      'Gitaly received vote response via backchannel',
      'Gitaly responding to the transactional mutator',
      'Gitaly received a transactional mutator',
      'Gitaly responding to a non-multiplexed client',
      '',
    ]);
  });

  it('02: the backchannel without Nest', async () => {
    const sample = run('sample/02-plain-grpc-js/main.ts');
    expect(await outputOf(sample)).toBe(expectedOutputOf('02-plain-grpc-js'));
  });
});
