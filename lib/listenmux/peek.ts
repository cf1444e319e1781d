import { Duplex, Readable } from 'node:stream';
import { ListenMuxError } from './errors.js';
import { MAGIC_LENGTH } from './handshaker.js';

/** The first bytes of a connection, judged. */
export interface PeekResult {
  /** The magic that the connection began with, now consumed; undefined if it began with none. */
  magic: string | undefined;
  /** The connection to go on with: paused, with every byte behind the magic still to be read. */
  socket: Duplex;
}

/**
 * Reads as few bytes as tell which of `magics`, if any, a connection begins with: at most
 * `MAGIC_LENGTH`, and no more after the first one that no magic shares. Waits for as long as it
 * takes; rejects if the connection closes or fails first. A connection that ends within a magic has
 * none. Go: `listenmux.Mux.ServerHandshake`.
 */
export function peekMagic(socket: Duplex, magics: Iterable<string>): Promise<PeekResult> {
  const candidates = [...magics];
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);

    const onReadable = (): void => {
      // From Node 26 on `read()` gives one piece of those that have come, not all of them at once.
      for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
        seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
        if (judge()) return;
      }
    };
    /** Whether it can be told. */
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
      // After its end nothing can be put back into the socket.
      const readable = Readable.from(seen.length === 0 ? [] : [seen]);
      const whole = Duplex.from({ readable, writable: socket });
      whole.on('error', () => {}); // As on every socket that waits for its owner.
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
  });
}
