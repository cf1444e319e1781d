// Well-behaved dialing sides, which notice what an attack does to others.
import type { EngineName } from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { startDialing } from './applications.js';
import { OpenLoop, type CallFigures } from './open-loop.js';
import type { EchoesStub } from './services.js';

export class BystandersEnd {
  readonly #stubs: EchoesStub[] = [];
  #disconnects = 0;
  #loop: OpenLoop | undefined;

  /** Connects so many applications. */
  async connect(port: number, engine: EngineName, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#dial(port, engine)));
  }

  /** Begins to call, in both directions in turn, `perSecond` times in all. */
  begin(perSecond: number): void {
    this.#disconnects = 0;
    this.#loop = new OpenLoop(this.#stubs, perSecond);
  }

  /** Begins no more calls. Resolves when all have ended. */
  async end(): Promise<CallFigures & { disconnects: number }> {
    const figures = await this.#loop!.end();
    return { ...figures, disconnects: this.#disconnects };
  }

  async #dial(port: number, engine: EngineName): Promise<void> {
    const { client, stub } = await startDialing(port, engine);
    client.connection$.subscribe(({ state }) => {
      if (state !== 'ready') this.#disconnects += 1;
    });
    this.#stubs.push(stub);
  }
}

process.setSourceMapsEnabled(false);
serveEnd(new BystandersEnd());
