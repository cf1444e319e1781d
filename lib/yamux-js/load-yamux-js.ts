import { createRequire } from 'node:module';
import type { Duplex, Transform } from 'node:stream';

/** The subset of a yamux-js stream that is used. */
export interface RawStream extends Duplex {
  ID(): number;
  /** Sends FIN. */
  close(): void;
  /** Makes the stream refuse writes; sends nothing. */
  forceClose(): void;
  /** Acknowledges an inbound stream, or sends credit if half a window or more is due. */
  sendWindowUpdate(): void;
  /** Called by the session with the size of every payload; counts the bytes and sends credit. */
  updateRecvWindow(receivedSize: number): void;
}

/**
 * The subset of a yamux-js session that is used. Its input is the bytes from the peer, its output the bytes
 * to the peer.
 */
export interface RawSession extends Transform {
  onStream?: (stream: RawStream) => void;
  open(): RawStream;
  /** Sends GoAway, destroys the streams, ends the output. */
  close(): void;
  /** Removes a stream from the session; sends nothing. */
  closeStream(streamId: number): void;
  send(header: { encode(): Buffer }): void;
}

/** The subset of yamux-js' `Config` that is used. */
export interface RawConfig {
  acceptBacklog: number;
  enableKeepAlive: boolean;
  logger: (...message: unknown[]) => void;
}

/** The subset of the package's exports that is used. */
export interface YamuxJs {
  Client: new (config: RawConfig) => RawSession;
  Server: new (
    onStream: ((stream: RawStream) => void) | undefined,
    config: RawConfig,
  ) => RawSession;
}

/**
 * Loads the optional peer dependency, which is CommonJS, with `require`. A static import could not name
 * the package to install, and a dynamic import would make this module asynchronous.
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
