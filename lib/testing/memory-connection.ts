import { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import { networkError } from './network-error.js';

/** As far as a test says what is in a certificate. */
export type TestCertificate = Partial<Omit<PeerCertificate, 'subject' | 'issuer'>> & {
  subject?: Partial<PeerCertificate['subject']>;
  issuer?: Partial<PeerCertificate['issuer']>;
};

/**
 * One end of a connection that has no socket. It keeps what TCP keeps: bytes arrive in order and in a
 * later turn of the event loop, a write is finished when the other end has room for it, either end may
 * finish first, and who is cut off gets ECONNRESET.
 */
export class MemoryConnection extends Duplex {
  /** Bytes that came in. */
  bytesRead = 0;
  /** Bytes that were sent. */
  bytesWritten = 0;
  /** Whether the other end has shown a certificate; the name is that of `TLSSocket`. */
  readonly authorized: boolean;
  readonly #certificate: TestCertificate | undefined;
  #other!: MemoryConnection;
  /** Finishes the write of the other end, when this one has room again. */
  #onRoom: ((error?: Error) => void) | undefined;
  #hasEnded = false;

  /** @param certificate - what the other end has shown. */
  private constructor(certificate?: TestCertificate) {
    super();
    this.#certificate = certificate;
    this.authorized = certificate !== undefined;
  }

  /**
   * Both ends of a new connection.
   *
   * @param certificate - what the dialing end shows to the listening one.
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

  /** What the other end has shown; an empty object if that is nothing, as of `TLSSocket`. */
  getPeerCertificate(): object {
    return this.#certificate === undefined ? {} : { raw: Buffer.alloc(0), ...this.#certificate };
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    // Copied, as a kernel does: the writer may use its memory again.
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
      done(networkError('EPIPE', 'the other end has closed the connection'));
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
