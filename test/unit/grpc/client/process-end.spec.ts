import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Site } from '../../../fixtures/grpc/site.js';

const program = fileURLToPath(new URL('../../../fixtures/grpc/idle-process.ts', import.meta.url));
const root = fileURLToPath(new URL('../../../..', import.meta.url));

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

async function run(address: string): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, address], { cwd: root });
  site.after(() => child.kill('SIGKILL'));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

it('a process whose call has failed ends, though its channel goes on trying', async () => {
  expect(await run(await site.closedAddress())).toBe('status 14\n');
});

it('a process ends as soon as an idle connection is closed by the other end', async () => {
  const { address } = await site.serve(
    { unary: ({ request }, callback) => callback(null, request) },
    { 'grpc.max_connection_idle_ms': 100 },
  );
  expect(await run(address)).toBe('status 0\n');
});
