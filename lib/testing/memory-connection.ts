import { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import { networkError } from './network-error.js';

/** A certificate that has only the fields that a test needs. */
export type TestCertificate = Partial<Omit<PeerCertificate, 'subject' | 'issuer'>> & {
  subject?: Partial<PeerCertificate['subject']>;
  issuer?: Partial<PeerCertificate['issuer']>;
};

/**
 * One end of a connection without a socket. Behaves as TCP does: bytes arrive in order and in a later
 * turn of the event loop, a write finishes when the other end has room for it, either end may half-close
 * first, and an aborted connection fails with ECONNRESET.
 */
export class MemoryConnection extends Duplex {
  /** Bytes received. */
  bytesRead = 0;
  /** Bytes sent. */
  bytesWritten = 0;
  /** Whether the other end has presented a certificate; as in `TLSSocket`. */
  readonly authorized: boolean;
  readonly #certificate: TestCertificate | undefined;
  #other!: MemoryConnection;
  /** Finishes the pending write of the other end when this end has room again. */
  #onRoom: ((error?: Error) => void) | undefined;
  #hasEnded = false;

  /** @param certificate - presented by the other end. */
  private constructor(certificate?: TestCertificate) {
    super();
    this.#certificate = certificate;
    this.authorized = certificate !== undefined;
  }

  /**
   * Creates both ends of a new connection.
   *
   * @param certificate - presented by the dialing end to the listening end.
   */
  static pair(
    certificate?: TestCertificate,
  ): [dialing: MemoryConnection, listening: MemoryConnection] {
    const dialing = new MemoryConnection();
    const listening = new MemoryConnection(certificate);
    dialing.#other = listening;
    listening.#other = dialing;
    return [dialing, listening];
  }

  /** The certificate of the other end, or an empty object without one; as in `TLSSocket`. */
  getPeerCertificate(): object {
    return this.#certificate === undefined ? {} : { raw: Buffer.alloc(0), ...this.#certificate };
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    // Copied, as by a kernel: the writer may reuse its memory.
    const bytes = Buffer.from(chunk);
    this.bytesWritten += bytes.length;
    setImmediate(() => this.#other.#receive(bytes, done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done);
  }

  override _read(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  override _final(done: () => void): void {
    setImmediate(() => this.#other.#receiveEnd());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    setImmediate(() => {
      onRoom?.(networkError('ECONNRESET', 'the other end has closed the connection'));
      if (error !== null) this.#other.destroy(networkError('ECONNRESET', 'the connection was cut'));
      else this.#other.#receiveEnd();
    });
    done(error);
  }

  #receive(bytes: Buffer, done: (error?: Error) => void): void {
    if (this.destroyed) {
      // A cut reaches the writer before or after what it has written: it is the same error.
      if (this.errored) done(networkError('ECONNRESET', 'the connection was cut'));
      else done(networkError('EPIPE', 'the other end has closed the connection'));
      return;
    }
    this.bytesRead += bytes.length;
    if (this.push(bytes)) done();
    else this.#onRoom = done;
  }

  #receiveEnd(): void {
    if (this.#hasEnded || this.destroyed) return;
    this.#hasEnded = true;
    this.push(null);
  }
}
