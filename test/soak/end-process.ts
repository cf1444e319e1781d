import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { OrderName, Orders, Role } from './protocol.js';

const PROGRAM = fileURLToPath(new URL('ends/main.ts', import.meta.url));

const FLAGS = ['--import', 'tsx', '--expose-gc', '--disable-warning=ExperimentalWarning'];

/** Milliseconds; no order takes that long, only one that hangs does. */
const PATIENCE_MS = 300_000;

/** One end, in a process of its own. */
export class EndProcess {
  readonly #child: ChildProcess;
  readonly #role: Role;

  private constructor(role: Role) {
    this.#role = role;
    this.#child = fork(PROGRAM, [role], { execArgv: FLAGS });
  }

  /** Resolves when it takes orders. */
  static async start(role: Role): Promise<EndProcess> {
    const end = new EndProcess(role);
    await end.#answer();
    return end;
  }

  /** @throws Error if the process dies of it. */
  async order<Name extends OrderName>(
    order: Orders[Name][0] & { do: Name },
  ): Promise<Orders[Name][1]> {
    const answer = this.#answer();
    this.#child.send(order);
    return (await answer) as Orders[Name][1];
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'exit');
    if (this.#child.kill('SIGKILL')) await closed;
  }

  #answer(): Promise<unknown> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      const onExit = (): void => reject(new Error(`the end "${this.#role}" has died`));
      child.once('exit', onExit);
      child.once('message', (answer) => {
        clearTimeout(timer);
        child.off('exit', onExit);
        resolve(answer);
      });
    });
  }
}
