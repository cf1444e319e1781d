// The listening side under attack: an application as users write them.
import type { EngineName, Peer } from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { startListening, type Listening, type ListeningOptions } from './applications.js';
import { CountingLogger } from './counting-logger.js';
import { dieOfWarnings, ProcessWatch, type Watched } from './process-watch.js';
import { ListeningController } from './services.js';

export class ListeningEnd {
  #listening: Listening | undefined;
  readonly #logger = new CountingLogger();
  readonly #watch = new ProcessWatch(() => this.#logger.lines);

  /** Opens a port of loopback, and tells which. */
  async listen(engine: EngineName, options: ListeningOptions): Promise<number> {
    this.#listening = await startListening(engine, this.#logger, options);
    return this.#listening.port;
  }

  peers(): number {
    return this.#listening!.registry.size;
  }

  /** Closes all peers of an address; returns how many there are, at once. */
  closePeersOf(address: string): number {
    const peers = [...this.#listening!.registry].filter(isFrom(address));
    for (const peer of peers) void peer.close();
    return peers.length;
  }

  /** Calls of `Enlarge` that its handler has got. */
  enlarged(): number {
    return ListeningController.enlarged;
  }

  watch(): void {
    this.#watch.begin();
  }

  watched(): Watched {
    return this.#watch.end();
  }
}

function isFrom(address: string): (peer: Peer) => boolean {
  return ({ remoteAddress }) => remoteAddress === address;
}

dieOfWarnings();
serveEnd(new ListeningEnd());
