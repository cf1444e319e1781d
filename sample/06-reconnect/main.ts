import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.js';

// No port, which something else might take while the hub is not there.
const folder = mkdtempSync(join(tmpdir(), 'reconnect-'));
const env = { HUB_URL: `unix:${join(folder, 'hub.sock')}` };
const programs: Program[] = [];

function start(name: string): Program {
  const program = new Program(name, env);
  programs.push(program);
  return program;
}

try {
  const hub = start('hub');
  const agent = start('agent');
  await hub.says();
  await agent.says();
  await hub.says();

  console.log('The hub is killed.');
  await hub.end('SIGKILL');
  await agent.says();

  console.log('It is started again.');
  const nextHub = start('hub');
  await nextHub.says();
  await agent.says();
  await nextHub.says();

  console.log('The agent stops.');
  await agent.end('SIGTERM');
  await nextHub.says();
  await nextHub.end('SIGTERM');
} finally {
  for (const program of programs) await program.end('SIGKILL');
  rmSync(folder, { recursive: true });
}
