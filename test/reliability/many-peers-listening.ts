// The listening side of many peers, or of as many clients of grpc-js.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { MemoryWatch, type MemoryPeak } from './attacks/ends/memory-watch.js';
import { listenPlainly, PeersSide, type System } from './many-peers-system.js';
import { serveEnd } from './remote.js';
import { Soak } from '../soak/ends/protos.js';

const NANOSECONDS = 1e6;
/** What finalizers of one collection let go, the next one takes. */
const COLLECTIONS = 3;
/** Backchannel calls that run at once. */
const AT_ONCE = 50;

/** Bytes, with the garbage collected. */
export interface Memory {
  rss: number;
  /** On the heap, and what is owned by it outside. */
  heap: number;
}

export class ManyPeersListening {
  readonly #side = new PeersSide();
  readonly #memory = new MemoryWatch();
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });

  listen(system: System, port = 0): Promise<number> {
    this.#memory.begin();
    return system === 'peers' ? this.#side.listen(port) : listenPlainly();
  }

  peers(): number {
    return this.#side.registry.size;
  }

  async memory(): Promise<Memory> {
    for (let i = 0; i < COLLECTIONS; i++) {
      globalThis.gc!();
      await turn();
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  }

  /** Of the time since `listen`. */
  memoryPeak(): MemoryPeak {
    return this.#memory.end();
  }

  /** Calls each peer once. */
  async callEverybody(): Promise<void> {
    const peers = [...this.#side.registry].values();
    const work = async (): Promise<void> => {
      for (const peer of peers) await callOnce(peer.backchannel.client(Soak));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  beginDelay(): void {
    this.#delay.reset();
    this.#delay.enable();
  }

  /** 99th percentile of how late the event loop was since then, in milliseconds. */
  endDelay(): number {
    this.#delay.disable();
    return this.#delay.percentile(99) / NANOSECONDS;
  }

  arrivals(): number[] {
    return this.#side.arrivals;
  }

  /** Breaks all connections, and forgets who arrived. Gives the time, in milliseconds since 1970. */
  cut(): number {
    this.#side.arrivals.length = 0;
    this.#side.cut();
    return Date.now();
  }
}

function callOnce(client: InstanceType<typeof Soak>): Promise<void> {
  return new Promise((resolve, reject) => {
    client.Unary({ data: Buffer.alloc(64) }, {}, (error) => (error ? reject(error) : resolve()));
  });
}

process.setSourceMapsEnabled(false);
serveEnd(new ManyPeersListening());
