import type { EngineName } from '../../../lib/index.js';
import { Remote } from '../remote.js';
import type { AttackedSite, Observation } from './attacked-site.js';
import type { AttackerEnd } from './ends/attacker.js';
import type { DialingEnd } from './ends/dialing.js';
import type { HonestHubEnd } from './ends/honest-hub.js';
import { MOST_HANDLERS } from './few-bytes.js';
import type { Tally } from './target.js';

/** How a site of a dialing side is. */
export interface DialingSiteOptions {
  /** That the well-behaved listening side makes. */
  callsPerSecond: number;
  /** Of the dialing process, for Node. */
  flags: readonly string[];
}

/**
 * A dialing side that has connected to two listening sides: one attacks it, the other one calls it back.
 * Each is a process of its own.
 */
export class DialingSite implements AttackedSite {
  private constructor(
    private readonly callsPerSecond: number,
    private readonly dialing: Remote<DialingEnd>,
    private readonly honest: Remote<HonestHubEnd>,
    private readonly attacker: Remote<AttackerEnd>,
  ) {}

  static async start(
    engine: EngineName,
    attacker: Remote<AttackerEnd>,
    { callsPerSecond, flags }: DialingSiteOptions,
  ): Promise<DialingSite> {
    const [dialing, honest] = await Promise.all([
      Remote.start<DialingEnd>('dialing', new URL('ends/dialing.js', import.meta.url), flags),
      Remote.start<HonestHubEnd>('honest hub', new URL('ends/honest-hub.js', import.meta.url)),
    ]);
    const [honestPort, hostilePort] = await Promise.all([
      honest.call('listen', engine),
      attacker.call('listen'),
    ]);
    await dialing.call('connect', engine, honestPort, hostilePort, MOST_HANDLERS);
    return new DialingSite(callsPerSecond, dialing, honest, attacker);
  }

  async observe<T>(meanwhile: () => Promise<T>): Promise<Observation & { result: T }> {
    await this.dialing.call('watch');
    await this.honest.call('begin', this.callsPerSecond);
    const startedAt = performance.now();
    const result = await meanwhile();
    const calls = await this.honest.call('end');
    const memory = await this.dialing.call('watched');
    return { result, ms: performance.now() - startedAt, calls, memory };
  }

  attack(name: string, ms: number): Promise<Tally> {
    return this.attacker.call('attackDialing', name, ms);
  }

  /** Has nothing to wait for: the dialing side keeps no record of who has called it. */
  async settle(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([this.dialing.close(), this.honest.close()]);
  }
}
