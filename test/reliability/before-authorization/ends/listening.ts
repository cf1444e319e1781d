// A listening side whose `authorizePeer` never answers.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ListenMux, Registry, ServerHandshaker } from '../../../../lib/index.js';
import { createListener } from '../../../../lib/core.js';
import { securities } from '../../../fixtures/nest/tls.js';
import { serveEnd } from '../../remote.js';

export class UnansweringEnd {
  #mux: ListenMux<unknown> | undefined;
  #cut = 0;

  async listen(tls: boolean): Promise<number> {
    const { server } = tls ? securities.TLS : securities.insecure;
    const listener = createListener(server, 0);
    const handshaker = new ServerHandshaker(new Registry(), {
      authorizePeer: () => new Promise(() => {}),
    });
    this.#mux = new ListenMux<unknown>({
      handshakeTimeoutMs: 0,
      maxHandshakes: Infinity,
      onConnection: () => {},
      onHandshakeError: () => (this.#cut += 1),
    });
    this.#mux.register(handshaker).attach(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  }

  /** Connections that there are, and those that were cut. */
  connections(): { open: number; cut: number } {
    return { open: this.#mux!.connectionCount, cut: this.#cut };
  }

  /** Bytes that are in use, as the system sees it, and of this process' objects. */
  async memory(): Promise<{ rss: number; objects: number }> {
    for (let round = 0; round < 3; round += 1) {
      await nextTurn();
      globalThis.gc!();
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, objects: heapUsed + external };
  }
}

serveEnd(new UnansweringEnd());
