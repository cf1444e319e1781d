import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from '../../../lib/index.js';
import { Remote } from '../remote.js';
import type { BystandersEnd } from './ends/bystanders.js';
import type { ListeningEnd, Watched } from './ends/listening.js';
import type { CallFigures } from './ends/open-loop.js';

const BYSTANDERS = 10;
/** Of all bystanders together, half of them with a call back in them. */
const CALLS_PER_SECOND = 400;
/** Milliseconds until nothing of an attack may be left. */
const PATIENCE_MS = 3000;

/** What there was to see for a while. */
export interface Observation {
  memory: Watched;
  calls: CallFigures & { disconnects: number };
}

/** A listening side and its bystanders, each in a process of its own. */
export class Site {
  private constructor(
    readonly port: number,
    private readonly listening: Remote<ListeningEnd>,
    private readonly bystanders: Remote<BystandersEnd>,
  ) {}

  static async start(engine: EngineName): Promise<Site> {
    const [listening, bystanders] = await Promise.all([
      Remote.start<ListeningEnd>('listening', new URL('ends/listening.js', import.meta.url)),
      Remote.start<BystandersEnd>('bystanders', new URL('ends/bystanders.js', import.meta.url)),
    ]);
    const port = await listening.call('listen', engine);
    await bystanders.call('connect', port, engine, BYSTANDERS);
    return new Site(port, listening, bystanders);
  }

  /** Has bystanders call for as long as `meanwhile` takes, and watches. */
  async observe<T>(meanwhile: () => Promise<T>): Promise<Observation & { result: T }> {
    await this.listening.call('watch');
    await this.bystanders.call('begin', CALLS_PER_SECOND);
    const result = await meanwhile();
    const calls = await this.bystanders.call('end');
    return { result, calls, memory: await this.listening.call('watched') };
  }

  /** @throws Error if peers are left that are no bystanders. */
  async settle(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while ((await this.listening.call('peers')) !== BYSTANDERS) {
      if (performance.now() > until) {
        const peers = await this.listening.call('peers');
        throw new Error(`${peers} peers are left, of which ${BYSTANDERS} are bystanders`);
      }
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.listening.close(), this.bystanders.close()]);
  }
}
