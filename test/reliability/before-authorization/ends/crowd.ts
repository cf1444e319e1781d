// Many connections that stay where they are.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { STAGES } from '../stages.js';
import { serveEnd } from '../../remote.js';

/** Connections that are made at the same time. */
const AT_ONCE = 50;

export class CrowdEnd {
  readonly #sockets: Socket[] = [];

  /** @param stage - its place in `STAGES`. */
  async connect(port: number, count: number, stage: number): Promise<void> {
    const { says } = STAGES[stage]!;
    for (let made = 0; made < count; made += AT_ONCE) {
      const sockets = Array.from({ length: AT_ONCE }, () => connect(port, '127.0.0.1'));
      for (const socket of sockets) socket.on('error', () => {}); // Some are cut.
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets) socket.write(says);
      this.#sockets.push(...sockets);
    }
  }
}

serveEnd(new CrowdEnd());
