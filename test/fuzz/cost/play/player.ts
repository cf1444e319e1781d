import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { D } from '../../../fixtures/yamux-frames.js';
import { render, type Act } from '../program/render.js';
import { MOST_BYTES, MOST_WAIT_MS, type Program } from '../program/step.js';
import { Http2Reflexes } from './http2-reflexes.js';
import { FIRST_CARRIER, type Site } from './site.js';
import { YamuxReflexes } from './yamux-reflexes.js';

const MAGIC_LENGTH = 11;
/** Bytes that are written at once. */
const BATCH = 32_768;
/** Pieces that are written at most: to read one costs Node itself up to 20 us, whoever made the socket. */
const MOST_PIECES = 2000;
/** Bytes that TLS adds to each write. */
const TLS_RECORD = 22;
/** Milliseconds until what the other end does not take is left where it is. */
const FLUSH_MS = 150;

/** Does on a connection what a program says, and counts bytes. */
export class Player {
  readonly #socket: Duplex;
  readonly #site: Site;
  readonly #program: Program;
  readonly #carriers = new Map<number, Http2Reflexes>();
  readonly #read: (chunk: Buffer) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #pieces = { bytes: 0, everyMs: 0 };
  #piecesLeft = MOST_PIECES;
  #waitLeft: number;
  #ended = false;
  #answers: Buffer = Buffer.alloc(0);
  #answerTimer: NodeJS.Timeout | undefined;
  /** On the wire, but for the handshake of TLS. */
  sent = 0;
  received = 0;
  /** Header blocks that it has sent: each may open a call. */
  calls = 0;

  /** @param mostWaitMs - in all; what is left of longer waits is skipped. */
  constructor(socket: Duplex, site: Site, program: Program, mostWaitMs = MOST_WAIT_MS) {
    this.#socket = socket;
    this.#site = site;
    this.#program = program;
    this.#waitLeft = mostWaitMs;
    this.#read = this.#reader();
    socket.on('error', () => {}); // The close says it.
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.#read(chunk);
    });
  }

  /** Whether the other end has ended the connection. */
  get isCut(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  async play(): Promise<void> {
    for (const act of render(this.#program, FIRST_CARRIER[this.#site])) {
      if (this.#socket.destroyed || this.sent + this.#pendingBytes >= MOST_BYTES) break;
      await this.#act(act);
    }
    await this.#flush();
    if (!this.#socket.destroyed && this.#socket.writableLength > 0) {
      const flushed = new Promise<void>((resolve) => this.#socket.write('', () => resolve()));
      await Promise.race([flushed, sleep(FLUSH_MS)]);
    }
  }

  async #act(act: Act): Promise<void> {
    if ('to' in act) {
      if ('opensCall' in act && act.opensCall) this.calls += 1;
      this.#pending.push(typeof act.to === 'number' ? this.#carry(act.to, act.bytes) : act.bytes);
      this.#pendingBytes += this.#pending.at(-1)!.length;
      if (this.#pendingBytes >= BATCH) await this.#flush();
      return;
    }
    // Each wait makes what comes before it a piece of its own.
    if (act.do === 'wait' && (this.#waitLeft <= 0 || this.#piecesLeft <= 0)) return;
    if (this.#piecesLeft > 0 || act.do === 'end') await this.#flush();
    if (act.do === 'wait') await this.#wait(act.ms);
    else if (act.do === 'reading') this.#socket[act.on ? 'resume' : 'pause']();
    else if (act.do === 'pieces') this.#pieces = act;
    else if (!this.#ended) {
      this.#ended = true;
      this.#socket.end();
    }
  }

  async #wait(ms: number): Promise<void> {
    const startedAt = performance.now();
    await sleep(Math.min(Math.max(0, ms), this.#waitLeft));
    // A wait of 0 ms takes a turn of the event loop: 20,000 of them took 30 s.
    this.#waitLeft -= performance.now() - startedAt;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (bytes.length === 0) return;
    for (let at = 0, size = 0; at < bytes.length; at += size) {
      size = this.#pieces.bytes > 0 && this.#piecesLeft > 0 ? this.#pieces.bytes : bytes.length;
      this.#piecesLeft -= 1;
      this.#write(bytes.subarray(at, at + size));
      if (size < bytes.length && this.#pieces.everyMs > 0 && this.#waitLeft > 0) {
        await this.#wait(this.#pieces.everyMs);
      } else if (at % BATCH < size) await nextTurn();
    }
  }

  #write(bytes: Buffer): void {
    const overhead = this.#socket instanceof TLSSocket ? TLS_RECORD : 0;
    const granted = bytes.subarray(0, Math.max(0, MOST_BYTES - this.sent - overhead));
    if (granted.length === 0 || this.#ended || !this.#socket.writable) return;
    this.sent += granted.length + overhead;
    this.#socket.write(granted);
  }

  /** Reflexes keep to the pace of the steps. */
  #answer(bytes: Buffer): void {
    if (this.#pieces.everyMs === 0) return this.#write(bytes);
    this.#answers = Buffer.concat([this.#answers, bytes]);
    this.#answerTimer ??= setInterval(() => {
      this.#write(this.#answers.subarray(0, this.#pieces.bytes || 1));
      this.#answers = this.#answers.subarray(this.#pieces.bytes || 1);
      if (this.#answers.length > 0 && !this.#socket.destroyed) return;
      clearInterval(this.#answerTimer);
      this.#answerTimer = undefined;
    }, this.#pieces.everyMs);
  }

  #carry(carrier: number, bytes: Buffer): Buffer {
    return this.#site === 'plain' ? bytes : D(0, carrier >>> 0, bytes);
  }

  #reader(): (chunk: Buffer) => void {
    const { reflexes } = this.#program;
    const write = (bytes: Buffer): void => this.#answer(bytes);
    if (this.#site === 'plain') {
      const http2 = new Http2Reflexes(reflexes, write, false);
      return (chunk) => http2.read(chunk);
    }
    const onData = (stream: number, bytes: Buffer): void => this.#carrier(stream).read(bytes);
    const skip = this.#site === 'agent' ? MAGIC_LENGTH : 0;
    const yamux = new YamuxReflexes(reflexes, write, onData, skip);
    return (chunk) => yamux.read(chunk);
  }

  #carrier(stream: number): Http2Reflexes {
    const known = this.#carriers.get(stream);
    if (known !== undefined) return known;
    const isOwn = stream % 2 === FIRST_CARRIER[this.#site] % 2;
    const write = (bytes: Buffer): void => this.#answer(this.#carry(stream, bytes));
    const made = new Http2Reflexes(this.#program.reflexes, write, !isOwn);
    this.#carriers.set(stream, made);
    return made;
  }
}
