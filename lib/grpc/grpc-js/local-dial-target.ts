import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRootContext } from '../../context/index.js';

/**
 * A local address where grpc-js can connect to, for channels that need no address: it always dials
 * before it asks its credentials for the connection. What dials here is hung up on; one listener
 * serves the whole process while anyone holds it.
 */
class LocalDialTarget {
  #server: Server | undefined;
  #target = '';
  #holders = 0;

  /** The target to dial, valid until `release()`. */
  hold(): string {
    this.#holders += 1;
    if (this.#server === undefined) {
      const path = localPath();
      this.#target = `unix:${path}`;
      // Binds within this call; what dials at once waits for the loop's next turn.
      const server = createServer((socket) => socket.destroy()).on('error', () => {});
      this.#server = inRootContext(() => server.listen(path).unref());
    }
    return this.#target;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#server?.close();
    this.#server = undefined;
  }
}

/** An abstract socket leaves no file behind, but only Linux has them. */
function localPath(): string {
  const name = `nestjs-backchannel-${process.pid}-${randomUUID()}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

export const localDialTarget = new LocalDialTarget();
