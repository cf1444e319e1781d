import { connect, createServer, type Server } from 'node:net';

/** Stands between two ends and counts what they send. */
export class CountingProxy {
  readonly #server: Server;
  /** Bytes of both directions. */
  bytes = 0;

  private constructor(to: string) {
    this.#server = createServer((near) => {
      const far = connect(to);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on('data', (piece) => (this.bytes += piece.length));
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
  }

  /** @param url - where it listens. @param to - where it connects to; both of the form `unix:path`. */
  static async start(url: string, to: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(to.slice('unix:'.length));
    await new Promise<void>((resolve) =>
      proxy.#server.listen(url.slice('unix:'.length), () => resolve()),
    );
    return proxy;
  }

  close(): void {
    this.#server.close();
  }
}
