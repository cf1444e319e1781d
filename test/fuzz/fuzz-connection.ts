import {
  ErrorCode,
  Http2Connection,
  type Http2Role,
  type Http2Stream,
} from '../../lib/http2/index.js';
import { FLAG, frame, PREFACE, TYPE } from '../fixtures/http2/raw-client.js';
import { Random } from '../unit/http2/hpack/random.js';
import { FrameReader } from './frame-reader.js';
import { FuzzSocket, tick } from './fuzz-socket.js';
import { RandomFrames } from './random-frames.js';
import { StreamWatch } from './stream-watch.js';

const REQUEST = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'x'];
const HEADERS = [':status', '200', 'x-some', 'thing'];
const BODY = Buffer.alloc(200_000, 'y');

/** One connection of ours, and a peer that sends more or less what it may. */
export class ConnectionFuzz {
  readonly #random: Random;
  readonly #role: Http2Role;
  readonly #socket = new FuzzSocket();
  readonly #connection: Http2Connection;
  readonly #frames: RandomFrames;
  readonly #reader: FrameReader;
  #watches: StreamWatch[] = [];
  /** Streams on which the connection has said that there will be no more of it. */
  readonly #ended = new Set<number>();
  #ends = 0;
  #credited = 65_535;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    this.#role = random.pick(['server', 'server', 'client']);
    const budget = random.pick([20, 2000, 1_000_000]);
    const headerTableSize = random.pick([0, 100, 4096, 65_536]);
    this.#frames = new RandomFrames(random, this.#role === 'server', headerTableSize < 4096);
    this.#reader = new FrameReader(this.#role === 'client' ? PREFACE.length : 0);
    this.#connection = new Http2Connection(
      this.#socket,
      this.#role,
      {
        onRequest: (stream) => this.#onRequest(stream),
        onReady: () => this.#tell('onReady'),
        onRoom: () => this.#tell('onRoom'),
        onGoAway: () => this.#tell('onGoAway'),
        onClose: () => {
          this.#ends += 1;
        },
      },
      {
        maxUselessFrames: budget,
        maxResets: budget,
        maxConcurrentStreams: random.pick([1, 10, 1000]),
        initialWindowSize: random.pick([1, 1000, 65_535, 262_144]),
        connectionWindowSize: random.pick([65_535, 1_000_000]),
        headerTableSize,
        maxHeaderListSize: random.pick([200, 65_536]),
        sendHighWaterMark: random.pick([1, 65_536]),
      },
    );
  }

  /** Sends `count` frames, fewer if the connection ends. Returns how many. */
  async run(count: number): Promise<number> {
    const random = this.#random;
    const start = [frame(TYPE.settings, 0, 0), frame(TYPE.settings, FLAG.ack, 0)];
    if (this.#role === 'server') start.unshift(PREFACE);
    this.#socket.receive(Buffer.concat(start));
    let sent = 0;
    while (sent < count && this.#ends === 0) {
      const batch: Buffer[] = [];
      for (let i = random.below(20); i >= 0; i--) {
        batch.push(this.#frames.next());
        sent += 1;
      }
      this.#deliver(Buffer.concat(batch));
      for (let i = random.below(4); i > 0; i--) this.#act(this.#anyWatch());
      if (random.chance(0.05)) this.#socket.stalled = true;
      if (random.chance(0.2)) this.#socket.resumeWrites();
      await tick();
      this.#check();
    }
    await this.#end();
    return sent;
  }

  #deliver(bytes: Buffer): void {
    const random = this.#random;
    for (let at = 0; at < bytes.length;) {
      const end = random.chance(0.5) ? bytes.length : at + 1 + random.below(100);
      this.#socket.receive(bytes.subarray(at, end));
      at = end;
    }
  }

  async #end(): Promise<void> {
    const random = this.#random;
    this.#socket.resumeWrites();
    if (random.chance(0.5)) this.#connection.destroy();
    else this.#socket.emit(random.pick(['end', 'close']));
    await tick();
    this.#connection.destroy();
    this.#check();
    if (this.#ends !== 1) throw new Error(`the connection ended ${this.#ends} times`);
    if (this.#connection.streamCount > 0) throw new Error('streams are left');
    if (this.#watches.some(({ over, stream }) => !over || !stream.closed)) {
      throw new Error('a stream was not told of the end');
    }
    this.#socket.destroy();
  }

  #anyWatch(): StreamWatch | undefined {
    return this.#watches.length > 0 ? this.#random.pick(this.#watches) : undefined;
  }

  #tell(what: string): void {
    if (this.#ends > 0) throw new Error(`${what} behind the end of the connection`);
    if (this.#random.chance(0.02)) this.#act(this.#anyWatch());
  }

  #onRequest(stream: Http2Stream): void {
    this.#tell('onRequest');
    this.#watch(stream, new StreamWatch(this.#random, (watch) => this.#act(watch)));
    if (this.#random.chance(0.5)) stream.sendHeaders(HEADERS);
  }

  #watch(stream: Http2Stream, watch: StreamWatch): void {
    watch.stream = stream;
    stream.listener = watch;
    // The application may just have destroyed the connection: before there was anyone to be told.
    watch.over = stream.closed;
    this.#watches.push(watch);
  }

  /** What an application may do, at any time. */
  #act(watch: StreamWatch | undefined): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 25 && this.#role === 'client') return this.#request();
    if (kind < 1) return this.#connection.goAway();
    if (kind === 1 && random.chance(0.05)) return this.#connection.destroy();
    if (watch === undefined) return;
    const { stream } = watch;
    if (kind < 35) stream.sendHeaders(HEADERS);
    else if (kind < 60) {
      const length = random.chance(0.1) ? random.below(BODY.length) : random.below(100);
      stream.write([BODY.subarray(0, length)], length, random.chance(0.2));
    } else if (kind < 70) stream.end();
    else if (kind < 75) stream.sendHeaders(['x', 'y'], true);
    else if (kind < 80) {
      watch.over ||= !stream.closed;
      stream.reset(ErrorCode.Cancel);
    } else if (kind < 83) stream.discardRest();
    else watch.consume();
  }

  #request(): void {
    const watch = new StreamWatch(this.#random, (other) => this.#act(other));
    if (!this.#connection.hasRoom) return;
    this.#watch(this.#connection.request(REQUEST, watch, this.#random.chance(0.3)), watch);
  }

  /** What it has written is right, and it keeps no more than it should. */
  #check(): void {
    const chunks = this.#socket.written.splice(0);
    for (const { type, flags, id, length, payload } of this.#reader.read(chunks)) {
      if (length > 16_384 + 100_000) throw new Error(`frame of ${length} bytes`);
      if (id > 0 && (type === TYPE.data || type === TYPE.headers)) {
        if (this.#ended.has(id)) throw new Error(`frame ${type} behind the end of stream ${id}`);
        if (flags & FLAG.endStream) this.#ended.add(id);
      }
      if (type === TYPE.headers && this.#role === 'client') this.#frames.open(id);
      if (type === TYPE.rstStream) {
        this.#ended.add(id);
        this.#frames.close(id);
      }
      if (type === TYPE.windowUpdate && id === 0) this.#credited += payload.readUInt32BE();
      if (this.#credited > 2 ** 40) throw new Error('credit beyond all bounds');
    }
    const open = this.#watches.filter(({ over }) => !over);
    if (open.length !== this.#connection.streamCount) {
      throw new Error(`${this.#connection.streamCount} streams, of which ${open.length} are open`);
    }
    if (this.#watches.length > 50 + 2 * open.length) this.#watches = open;
  }
}
