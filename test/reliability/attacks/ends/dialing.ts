// The dialing side under attack: two clients in one application's process, of which the second one has
// connected to a listening side that is hostile.
import type { EngineName } from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { startDialing } from './applications.js';
import { dieOfWarnings, ProcessWatch, type Watched } from './process-watch.js';

/** Milliseconds of the first wait before it connects again: an attack begins soon after one that was cut. */
const RECONNECT_MS = 50;

export class DialingEnd {
  readonly #watch = new ProcessWatch();

  /** @param mostCalls - that the hostile side is allowed at once. */
  async connect(
    engine: EngineName,
    honestPort: number,
    hostilePort: number,
    mostCalls: number,
  ): Promise<void> {
    await startDialing(honestPort, engine);
    await startDialing(hostilePort, engine, {
      channelOptions: {
        'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
        'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
      },
      backchannelOptions: { 'grpc.max_concurrent_streams': mostCalls },
    });
  }

  watch(): void {
    this.#watch.begin();
  }

  watched(): Watched {
    return this.#watch.end();
  }
}

dieOfWarnings();
serveEnd(new DialingEnd());
