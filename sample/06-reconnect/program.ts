import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of this sample, whose lines are printed when they are waited for. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param name - of the file in this folder, without its ending. */
  constructor(name: string, env: NodeJS.ProcessEnv) {
    const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    this.#name = name;
    this.#child = spawn(process.execPath, [...process.execArgv, file], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  /** Prints the next line that it says. */
  async says(): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#name} has ended`);
    console.log(`${this.#name}: ${value}`);
  }

  /** Resolves when it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await once(this.#child, 'exit');
  }
}
