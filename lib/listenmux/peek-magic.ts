import { Duplex, Readable } from 'node:stream';
import { ListenMuxError } from './errors.js';
import { MAGIC_LENGTH } from './handshaker.js';

/** Result of `peekMagic`. */
export interface PeekResult {
  /** The magic that the connection began with, now consumed; undefined if there is none. */
  magic: string | undefined;
  /** The connection to continue with: paused, with every byte after the magic still to be read. */
  socket: Duplex;
}

/**
 * Finds which of `magics`, if any, a connection begins with. Waits for `MAGIC_LENGTH` bytes, or for fewer if
 * these already differ from every magic. A connection that ends inside a magic counts as one without a magic.
 * There is no time limit. Go: `listenmux.Mux.ServerHandshake`.
 *
 * @throws ListenMuxError (as a rejection) `ERR_LISTENMUX_CLOSED` if the connection closes first; the
 * error of the connection if it fails.
 */
export function peekMagic(socket: Duplex, magics: Iterable<string>): Promise<PeekResult> {
  const candidates = [...magics];
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    let isSettled = false;

    const onReadable = (): void => {
      if (isSettled) return;
      // Since Node 26, `read()` returns one buffered chunk, not all of them.
      for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
        seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
        if (judge()) return;
      }
    };
    /** Resolves if the bytes seen so far are enough; returns whether they are. */
    const judge = (): boolean => {
      const start = seen.toString('latin1', 0, MAGIC_LENGTH);
      const magic = candidates.find((candidate) => candidate === start);
      const isOpen = candidates.some((candidate) => candidate.startsWith(start));
      if (magic === undefined && isOpen) return false;
      settle();
      const rest = magic === undefined ? seen : seen.subarray(MAGIC_LENGTH);
      if (rest.length > 0) socket.unshift(rest);
      resolve({ magic, socket });
      return true;
    };
    const onEnd = (): void => {
      settle();
      // `unshift` throws after the end of the socket's input.
      const readable = Readable.from(seen.length === 0 ? [] : [seen]);
      const whole = Duplex.from({ readable, writable: socket });
      whole.on('error', () => {}); // An error before the connection has an owner must not end the process.
      resolve({ magic: undefined, socket: whole });
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onClose = (): void => {
      settle();
      reject(
        socket.errored ??
          new ListenMuxError(
            'ERR_LISTENMUX_CLOSED',
            'the connection was closed before it could be told what it is',
          ),
      );
    };
    const settle = (): void => {
      isSettled = true;
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('error', onError);
      socket.off('close', onClose);
    };

    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    if (socket.destroyed) onClose();
    // Inside a 'readable' listener of an earlier owner, no other event follows for bytes already buffered.
    else if (socket.readableLength > 0) process.nextTick(onReadable);
  });
}
