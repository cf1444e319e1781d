import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** The port that the README uses. */
const README_PORT = '50051';

const REPLY = 'Hello world, you say you are an agent, asked "whoami"';

/** Milliseconds that either end may take. */
const PATIENCE_MS = 30_000;

/**
 * Runs the two ends of the README against each other.
 *
 * @param runtime - the executable that runs them, or that and its arguments before the script.
 * @param folder - where their proto file is.
 * @param build - the folder in it with what was compiled.
 * @param options - `prefix` of the names of the two ends; `adapt` changes their scripts.
 */
export async function runQuickStart(
  runtime,
  folder,
  build,
  { prefix = '', adapt = (script) => script } = {},
) {
  const port = await freePort();
  const scripts = `${build}-${port}`;
  cpSync(join(folder, build), join(folder, scripts), { recursive: true });
  for (const file of readdirSync(join(folder, scripts))) {
    const path = join(folder, scripts, file);
    writeFileSync(path, adapt(readFileSync(path, 'utf8').replaceAll(README_PORT, port)));
  }
  const hub = start(runtime, `${scripts}/${prefix}hub.js`, folder);
  try {
    await hub.said('Nest microservice successfully started');
    const agent = start(runtime, `${scripts}/${prefix}agent.js`, folder);
    try {
      await agent.said(REPLY);
      await agent.ended();
    } finally {
      agent.kill();
    }
  } finally {
    hub.kill();
  }
}

/** A process of which all output is kept. */
function start(runtime, script, cwd) {
  const [executable, ...args] = [runtime, script].flat();
  const child = spawn(executable, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const tooLate = AbortSignal.timeout(PATIENCE_MS);
  let output = '';
  const exit = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      child.emit('output');
    });
  }
  const failure = (what) => new Error(`${script} ${what}; it printed:\n${output}`);
  return {
    /** Resolves when it has printed `text`. */
    async said(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw failure(`ended with ${child.exitCode} before "${text}"`);
        await Promise.race([once(child, 'output', { signal: tooLate }), exit]).catch(() => {
          throw failure(`did not print "${text}" in time`);
        });
      }
    },
    /** Resolves when it has ended well by itself. */
    async ended() {
      await Promise.race([exit, once(tooLate, 'abort')]);
      if (child.exitCode !== 0) throw failure(`did not end with 0 but ${child.exitCode}`);
    },
    kill: () => child.kill('SIGKILL'),
  };
}

async function freePort() {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return String(port);
}
