import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { OrderName, Orders, Role } from './protocol.js';
import type { System } from './systems.js';

/** No order takes that long; only one that hangs does. */
const PATIENCE_MS = 60_000;

const NODE_END = fileURLToPath(new URL('ends/main.js', import.meta.url));
/** The same of another checkout that was compiled, in its folder. */
const NODE_END_OF_ROOT = 'bench-results/.build/test/bench/ends/main.js';

/** How the processes of a system are started. */
export interface EndSettings {
  /** `nest` for the system as it is behind Nest. */
  variant?: string | undefined;
  /** MiB of live objects that a process in JavaScript holds besides. */
  liveHeapMiB?: number;
  /** The Node that runs processes in JavaScript; by default the one of this process. */
  node?: string | undefined;
  /** The program that has the ends in Go. */
  goPeer?: string | undefined;
  /** The folder of a compiled checkout whose ends run; by default those of this one. In JavaScript only. */
  root?: string | undefined;
}

/** One side of a system, running in a process of its own. */
export class EndProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown>;
  #stderr = '';

  constructor(system: System, role: Role, settings: EndSettings) {
    const { variant, liveHeapMiB = 0, node = process.execPath, goPeer, root } = settings;
    const end = root === undefined ? NODE_END : join(root, NODE_END_OF_ROOT);
    const name = variant === undefined ? system.name : `${variant}/${system.name}`;
    this.#child =
      system.runtime === 'go'
        ? spawn(goPeer!, ['bench', role, name])
        : spawn(node, ['--expose-gc', end, role, name, String(liveHeapMiB)], {
            cwd: root,
          });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.#child.stdin.on('error', () => {}); // It has gone; what it said last tells why.
    this.#closed = once(this.#child, 'close');
  }

  /** Resolves when it takes orders. */
  async ready(): Promise<this> {
    await this.#answer();
    return this;
  }

  /** @throws Error with what the end says went wrong. */
  async order<Name extends OrderName>(
    order: Orders[Name][0] & { do: Name },
  ): Promise<Orders[Name][1]> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return (await this.#answer()) as Orders[Name][1];
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  async #answer(): Promise<unknown> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    const { value, done } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    clearTimeout(timer);
    if (done) throw new Error(`an end has died or was killed\n${this.#stderr}`);
    const answer = JSON.parse(value) as { error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
