import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What an end can be asked for: its methods, whose arguments and results travel as JSON. */
type Name<End> = {
  [Key in keyof End]: End[Key] extends (...args: never[]) => unknown ? Key : never;
}[keyof End] &
  string;
type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
type Result<Method> = Method extends (...args: never[]) => infer Value ? Awaited<Value> : never;

interface Order {
  id: number;
  name: string;
  args: unknown[];
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** Milliseconds; no order takes that long, only one that hangs does. */
const PATIENCE_MS = 300_000;

/** Characters of what a process said last, to tell why it died. */
const LAST_WORDS = 4000;

/** An object in a process of its own. The process dies of any error that nobody handles. */
export class Remote<End extends object> {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #lastId = 0;
  #lastWords = '';
  #death: string | undefined;

  private constructor(name: string, program: string, flags: readonly string[]) {
    this.#name = name;
    this.#child = fork(program, [], {
      execArgv: ['--unhandled-rejections=strict', '--expose-gc', ...flags],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr!.on('data', (text: Buffer) => {
      this.#lastWords = (this.#lastWords + text.toString()).slice(-LAST_WORDS);
    });
    this.#child.on('message', (answer: Answer) => this.#pending.get(answer.id)?.(answer));
    this.#child.once('close', (code, signal) => this.#onClose(code, signal));
  }

  /** Runs `program`, which has to call `serveEnd`. Resolves when it takes orders. */
  static async start<End extends object>(
    name: string,
    program: URL,
    flags: readonly string[] = [],
  ): Promise<Remote<End>> {
    const remote = new Remote<End>(name, fileURLToPath(program), flags);
    await remote.#answerTo(0);
    return remote;
  }

  /** @throws Error with what went wrong there, or with what the process said as it died. */
  async call<Key extends Name<End>>(
    name: Key,
    ...args: Arguments<End[Key]>
  ): Promise<Result<End[Key]>> {
    const id = (this.#lastId += 1);
    const answer = this.#answerTo(id);
    this.#child.send({ id, name, args } satisfies Order, () => {}); // If it cannot, it has died.
    return (await answer) as Result<End[Key]>;
  }

  /** Idempotent; the process is gone when it resolves. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
      const settle = ({ value, error }: Answer): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if (error === undefined) resolve(value);
        else reject(new Error(`${this.#name}: ${error}`));
      };
      this.#pending.set(id, settle);
      if (this.#death !== undefined) settle({ id, error: this.#death });
    });
  }

  #onClose(code: number | null, signal: NodeJS.Signals | null): void {
    this.#death = `the process died (${signal ?? code})\n${this.#lastWords}`;
    for (const [id, settle] of this.#pending) settle({ id, error: this.#death });
  }
}

/** Takes orders for `end` from the process that started this one, and ends with it. */
export function serveEnd<End extends object>(end: End): void {
  const methods = end as Record<string, (...args: unknown[]) => unknown>;
  process.on('message', ({ id, name, args }: Order) => {
    void Promise.resolve()
      .then(() => methods[name]!(...args))
      .then(
        (value): Answer => ({ id, value }),
        (error: Error): Answer => ({ id, error: error.stack ?? error.message }),
      )
      .then((answer) => process.send!(answer));
  });
  process.on('disconnect', () => process.exit());
  process.send!({ id: 0 } satisfies Answer);
}
