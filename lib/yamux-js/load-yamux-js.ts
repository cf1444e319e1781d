import { createRequire } from 'node:module';
import type { Duplex, Transform } from 'node:stream';

/** What is used of a stream of yamux-js. */
export interface RawStream extends Duplex {
  ID(): number;
  /** Sends FIN. */
  close(): void;
  /** Makes it refuse writes; sends nothing. */
  forceClose(): void;
  /** Sends the acknowledgement of an inbound stream, or credit for half a window and more. */
  sendWindowUpdate(): void;
  /** Called by the session with the size of every payload; counts it and sends credit. */
  updateRecvWindow(receivedSize: number): void;
}

/** What is used of a session of yamux-js: bytes of the peer in, bytes for the peer out. */
export interface RawSession extends Transform {
  onStream?: (stream: RawStream) => void;
  open(): RawStream;
  /** Sends GoAway, destroys the streams, ends the output. */
  close(): void;
  /** Forgets a stream; sends nothing. */
  closeStream(streamId: number): void;
  send(header: { encode(): Buffer }): void;
}

/** The subset of yamux-js' `Config` that is used. */
export interface RawConfig {
  acceptBacklog: number;
  enableKeepAlive: boolean;
  logger: (...message: unknown[]) => void;
}

/** What the package exports, as far as it is used. */
export interface YamuxJs {
  Client: new (config: RawConfig) => RawSession;
  Server: new (
    onStream: ((stream: RawStream) => void) | undefined,
    config: RawConfig,
  ) => RawSession;
}

/**
 * Loads the optional peer dependency. By `require`, as it is CommonJS: a static import could not say
 * what to install, and a dynamic one would make this module asynchronous.
 *
 * @throws Error `ERR_MODULE_NOT_FOUND` with the command to run if the package is not installed.
 */
export function loadYamuxJs(require: NodeJS.Require = createRequire(import.meta.url)): YamuxJs {
  try {
    return require('yamux-js') as YamuxJs;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw Object.assign(
      new Error(
        'nestjs-backchannel/yamux-js needs the package yamux-js, which is not installed: npm install yamux-js@0.2',
        { cause },
      ),
      { code: 'ERR_MODULE_NOT_FOUND' },
    );
  }
}
