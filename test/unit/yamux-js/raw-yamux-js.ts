import { setImmediate as nextTurn } from 'node:timers/promises';
import { Server, type Config, type Stream } from 'yamux-js';

/** A session of the npm package as it comes, with bytes in and bytes out, and no socket at all. */
export class RawYamuxJs {
  readonly accepted: Stream[] = [];
  /** Messages of the session's 'error' events. */
  readonly errors: string[] = [];
  readonly log: unknown[][] = [];
  readonly session: Server;
  #output: Buffer[] = [];

  private constructor(config: Config) {
    this.session = new Server((stream) => this.accepted.push(stream as Stream), {
      enableKeepAlive: false,
      logger: (...message: unknown[]) => void this.log.push(message),
      ...config,
    });
    this.session.on('error', (error) => this.errors.push(error.message));
  }

  static server(config: Config = {}): RawYamuxJs {
    return new RawYamuxJs(config).#readOutput();
  }

  /** Nobody reads what it wants to send. */
  static stuckServer(): RawYamuxJs {
    return new RawYamuxJs({});
  }

  /** Writes `frames` as one chunk; resolves when all that follows from it has happened. */
  async feed(...frames: Uint8Array[]): Promise<void> {
    this.session.write(Buffer.concat(frames));
    await settled();
  }

  /** An inbound stream, opened by a SYN, and what it delivers. */
  async accept(id = 1): Promise<ReturnType<typeof watch>> {
    await this.feed(Buffer.from(`00010001${id.toString(16).padStart(8, '0')}00000000`, 'hex'));
    return watch(this.accepted.at(-1)!);
  }

  /** The frames that were sent since the last call, in hex. */
  async sent(): Promise<string[]> {
    await settled();
    let bytes = Buffer.concat(this.#output);
    this.#output = [];
    const frames: string[] = [];
    while (bytes.length > 0) {
      const end = 12 + (bytes[1] === 0 ? bytes.readUInt32BE(8) : 0);
      frames.push(bytes.toString('hex', 0, end));
      bytes = bytes.subarray(end);
    }
    return frames;
  }

  #readOutput(): this {
    this.session.on('data', (bytes: Buffer) => this.#output.push(bytes));
    return this;
  }
}

/** A server that has accepted stream 1. */
export async function acceptStream() {
  const side = RawYamuxJs.server();
  return { side, ...(await side.accept()) };
}

/** Notes the events of a stream and reads it. */
export function watch(stream: Stream) {
  const events: string[] = [];
  const chunks: Buffer[] = [];
  for (const event of ['end', 'error', 'close']) stream.on(event, () => events.push(event));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, events, received: () => Buffer.concat(chunks).toString('latin1') };
}

/** A turn of the event loop: no socket takes part, so there is nothing that would take longer. */
export async function settled(): Promise<void> {
  await nextTurn();
}

/** Frames in the form of `sent()`. */
export function hex(...frames: Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

/** `bytes` as reads of `size` bytes would bring them. */
export function cut(bytes: Buffer, size: number): Buffer[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** Credit that the window updates among `frames` grant. */
export function creditIn(frames: string[]): number {
  const updates = frames.filter((frame) => frame.startsWith('0001'));
  return updates.reduce((sum, frame) => sum + parseInt(frame.slice(16, 24), 16), 0);
}
