// A well-behaved listening side, which notices what an attack does to a dialing side that it calls back.
import type { EngineName } from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { startListening, type Listening } from './applications.js';
import { OpenLoop, type CallFigures } from './open-loop.js';
import type { EchoesStub } from './services.js';

export class HonestHubEnd {
  #listening: Listening | undefined;
  #disconnects = 0;
  #loop: OpenLoop | undefined;

  /** Opens a port of loopback, and tells which. */
  async listen(engine: EngineName): Promise<number> {
    this.#listening = await startListening(engine, false);
    this.#listening.registry.peers$.subscribe(({ type }) => {
      if (type === 'disconnected') this.#disconnects += 1;
    });
    return this.#listening.port;
  }

  /** Begins to call the peers, `perSecond` times in all. */
  begin(perSecond: number): void {
    this.#disconnects = 0;
    const stubs = [...this.#listening!.registry].map((peer) =>
      peer.getService<EchoesStub>('Echoes'),
    );
    this.#loop = new OpenLoop(stubs, perSecond, ['echo']);
  }

  /** Begins no more calls. Resolves when all have ended. */
  async end(): Promise<CallFigures & { disconnects: number }> {
    const figures = await this.#loop!.end();
    return { ...figures, disconnects: this.#disconnects };
  }
}

process.setSourceMapsEnabled(false);
serveEnd(new HonestHubEnd());
