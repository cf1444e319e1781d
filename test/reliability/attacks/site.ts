import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from '../../../lib/index.js';
import { Remote } from '../remote.js';
import type { AttackedSite, Observation } from './attacked-site.js';
import type { ListeningOptions } from './ends/applications.js';
import type { AttackerEnd } from './ends/attacker.js';
import type { BystandersEnd } from './ends/bystanders.js';
import type { ListeningEnd } from './ends/listening.js';
import type { Tally } from './target.js';

const BYSTANDERS = 10;
/**
 * Of all bystanders together, half of them with a call back in them. What grpc-js needs for more is what
 * the machine has, with nobody attacking.
 */
const CALLS_PER_SECOND: Record<EngineName, number> = { 'built-in': 400, 'grpc-js': 150 };
/** Milliseconds until nothing of an attack may be left. */
const PATIENCE_MS = 3000;

/** How a site is, if not as most are. */
export interface SiteOptions {
  listening?: ListeningOptions;
  /** Of all bystanders together. Default: as many as the engine has room for on a small machine. */
  callsPerSecond?: number;
  /** Of the listening process, for Node. */
  flags?: readonly string[];
}

/** A listening side and its bystanders, each in a process of its own. */
export class Site implements AttackedSite {
  private constructor(
    readonly port: number,
    private readonly callsPerSecond: number,
    readonly listening: Remote<ListeningEnd>,
    private readonly bystanders: Remote<BystandersEnd>,
    private readonly attacker: Remote<AttackerEnd>,
  ) {}

  static async start(
    engine: EngineName,
    attacker: Remote<AttackerEnd>,
    options: SiteOptions = {},
  ): Promise<Site> {
    const { callsPerSecond = CALLS_PER_SECOND[engine], flags = [] } = options;
    const [listening, bystanders] = await Promise.all([
      Remote.start<ListeningEnd>('listening', new URL('ends/listening.js', import.meta.url), flags),
      Remote.start<BystandersEnd>('bystanders', new URL('ends/bystanders.js', import.meta.url)),
    ]);
    const port = await listening.call('listen', engine, options.listening ?? {});
    await bystanders.call('connect', port, engine, BYSTANDERS);
    return new Site(port, callsPerSecond, listening, bystanders, attacker);
  }

  async observe<T>(meanwhile: () => Promise<T>): Promise<Observation & { result: T }> {
    await this.listening.call('watch');
    await this.bystanders.call('begin', this.callsPerSecond);
    const startedAt = performance.now();
    const result = await meanwhile();
    const calls = await this.bystanders.call('end');
    const memory = await this.listening.call('watched');
    return { result, ms: performance.now() - startedAt, calls, memory };
  }

  attack(name: string, ms: number): Promise<Tally> {
    return this.attacker.call('attack', name, this.port, ms);
  }

  /** Ends an attack before its time. */
  async stopAttack(): Promise<void> {
    await this.attacker.call('stop');
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
