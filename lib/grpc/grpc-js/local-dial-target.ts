import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRootContext } from '../../context/index.js';

/**
 * A local address that channels over streams dial. They need no address, but grpc-js always dials before it
 * asks its credentials for the connection. The listener closes each dialed connection. One listener serves
 * the whole process as long as a channel holds the target.
 */
class LocalDialTarget {
  #server: Server | undefined;
  #target = '';
  #holders = 0;

  /** Returns the target to dial, valid until `release()`. */
  hold(): string {
    this.#holders += 1;
    if (this.#server === undefined) {
      const path = localPath();
      this.#target = `unix:${path}`;
      // Binds within this call; connections are accepted from the next turn of the event loop on.
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

/** An abstract socket leaves no file, but only Linux has them. */
function localPath(): string {
  const name = `nestjs-backchannel-${process.pid}-${randomUUID()}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

/** The dial target of this process. */
export const localDialTarget = new LocalDialTarget();
