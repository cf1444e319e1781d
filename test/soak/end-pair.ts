import { join } from 'node:path';
import { EndProcess } from './end-process.js';
import type { Role, Sample } from './protocol.js';
import type { Moment, PhaseName } from './results.js';

/** What a look at both ends is taken with. */
interface Look {
  /** What the phase has done by now. Default 0. */
  done?: number;
  /** Since the phase began. Default 0. */
  ms?: number;
  /** Connections that are meant to be open. Default 0. */
  connections?: number;
  thorough?: boolean;
}

/** Two fresh processes, one for each side, and what they looked like as time went by. */
export class EndPair {
  readonly moments: Moment[] = [];
  readonly listen: EndProcess;
  readonly dial: EndProcess;
  readonly #onMoment: (moment: Moment) => unknown;

  private constructor(listen: EndProcess, dial: EndProcess, onMoment: (moment: Moment) => unknown) {
    this.listen = listen;
    this.dial = dial;
    this.#onMoment = onMoment;
  }

  /** @param onMoment - is told of every look. */
  static async start(onMoment: (moment: Moment) => unknown): Promise<EndPair> {
    return new EndPair(await EndProcess.start('listen'), await EndProcess.start('dial'), onMoment);
  }

  /** What both processes speak gRPC with. */
  get engine(): string {
    return process.env['BACKCHANNEL_ENGINE'] || 'built-in';
  }

  /** Looks around in both, when nothing is under way any more. */
  async look(
    phase: PhaseName,
    { done = 0, ms = 0, connections = 0, thorough = false }: Look = {},
  ): Promise<void> {
    const [listen, dial] = await this.#both<Sample>((end) =>
      end.order({ do: 'sample', connections, thorough }),
    );
    const moment = { phase, done, ms, ends: { listen: listen!, dial: dial! } };
    this.moments.push(moment);
    await this.#onMoment(moment);
  }

  /** Writes heap snapshots of both to `folder`, if there is one. */
  async snapshot(folder: string | undefined, name: string): Promise<void> {
    if (folder === undefined) return;
    await this.#both((end, role) =>
      end.order({ do: 'snapshot', file: join(folder, `${name}-${role}.heapsnapshot`) }),
    );
  }

  async close(): Promise<void> {
    await this.#both((end) => end.close());
  }

  #both<T>(action: (end: EndProcess, role: Role) => Promise<T>): Promise<T[]> {
    return Promise.all([action(this.listen, 'listen'), action(this.dial, 'dial')]);
  }
}
