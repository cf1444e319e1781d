import { DelayProxy, type Link } from './delay-proxy.js';
import { EndProcess, type EndSettings } from './end-process.js';
import type { AllocationReport, Role, UsageReport } from './protocol.js';
import type { System } from './systems.js';

/** What connects the two ends. */
export interface Connections {
  peers: number;
  /** Without, there is nothing between the ends but the loopback. */
  link?: Link;
}

/** What both ends used. */
export interface Used {
  /** Microseconds of processor time of each process. */
  cpu: Record<Role, number>;
  /** Bytes that both allocated together. */
  allocated: number;
  /** Collections of the whole heap in each process; absent in Go. */
  markCompacts: Record<Role, number | undefined>;
}

/** Two processes, connected as a workload wants it. */
export class ProcessPair {
  readonly #ends: Record<Role, EndProcess>;
  readonly #address: string;
  /** Where the dialing end is to connect: a proxy, or the listening end itself. */
  #entrance: string;
  #proxy: DelayProxy | undefined;
  #connections: Connections = { peers: 0 };
  #connectedBackwards = false;

  private constructor(ends: Record<Role, EndProcess>, address: string) {
    this.#ends = ends;
    this.#address = address;
    this.#entrance = address;
  }

  static async start(system: System, settings: EndSettings): Promise<ProcessPair> {
    const [listen, dial] = await Promise.all([
      new EndProcess(system, 'listen', settings).ready(),
      new EndProcess(system, 'dial', settings).ready(),
    ]);
    const { address } = await listen.order({ do: 'listen' });
    return new ProcessPair({ listen, dial }, address);
  }

  get address(): string {
    return this.#address;
  }

  get listening(): EndProcess {
    return this.#ends.listen;
  }

  get dialing(): EndProcess {
    return this.#ends.dial;
  }

  /** Connects the ends, unless they are. */
  async connect(wanted: Connections): Promise<void> {
    const { link } = wanted;
    if (link !== this.#connections.link || wanted.peers < this.#connections.peers) {
      await this.disconnect();
      if (link !== undefined) {
        this.#proxy = new DelayProxy(this.#address, link);
        this.#entrance = await this.#proxy.listen();
      }
    }
    if (wanted.peers <= this.#connections.peers) return;
    await this.dialing.order({ do: 'connect', address: this.#entrance, peers: wanted.peers });
    this.#connections = wanted;
  }

  /** Gives the listening end a connection of its own to the dialing one. */
  async connectBackwards(): Promise<void> {
    if (this.#connectedBackwards) return;
    const { address } = await this.dialing.order({ do: 'listen' });
    await this.listening.order({ do: 'connect', address, peers: 1 });
    this.#connectedBackwards = true;
  }

  async disconnect(): Promise<void> {
    await this.dialing.order({ do: 'disconnect' });
    this.#proxy?.close();
    this.#proxy = undefined;
    this.#entrance = this.#address;
    this.#connections = { peers: 0 };
  }

  /** Runs `work`, and tells what both ends used meanwhile. */
  async measured<T>(work: () => Promise<T>): Promise<{ result: T; used: Used }> {
    const both = Object.values(this.#ends);
    await Promise.all(both.map((end) => end.order({ do: 'count-allocations' })));
    const before = await this.#usage();
    const result = await work();
    const after = await this.#usage();
    const counted = await Promise.all(both.map((end) => end.order({ do: 'counted-allocations' })));
    return {
      result,
      used: {
        cpu: {
          listen: after.listen.cpu - before.listen.cpu,
          dial: after.dial.cpu - before.dial.cpu,
        },
        allocated: counted.reduce((sum: number, { bytes }: AllocationReport) => sum + bytes, 0),
        markCompacts: {
          listen: markCompactsBetween(before.listen, after.listen),
          dial: markCompactsBetween(before.dial, after.dial),
        },
      },
    };
  }

  /** Microseconds of processor time that both ends have used. */
  async cpu(): Promise<number> {
    const { listen, dial } = await this.#usage();
    return listen.cpu + dial.cpu;
  }

  async #usage(): Promise<Record<Role, UsageReport>> {
    const [listen, dial] = await Promise.all([
      this.listening.order({ do: 'usage' }),
      this.dialing.order({ do: 'usage' }),
    ]);
    return { listen, dial };
  }

  async close(): Promise<void> {
    this.#proxy?.close();
    await Promise.all(Object.values(this.#ends).map((end) => end.close()));
  }
}

function markCompactsBetween(before: UsageReport, after: UsageReport): number | undefined {
  if (before.markCompacts === undefined || after.markCompacts === undefined) return undefined;
  return after.markCompacts - before.markCompacts;
}
