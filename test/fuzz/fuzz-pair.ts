import { ErrorCode, Http2Connection, type Http2Stream } from '../../lib/http2/index.js';
import { Random } from '../unit/http2/hpack/random.js';
import { FuzzSocket, tick } from './fuzz-socket.js';
import { PairStream } from './pair-stream.js';

const REQUEST = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'x'];

/** Two connections of ours, bytes between them that are cut anywhere, and a model of what must arrive. */
export class PairFuzz {
  readonly #random: Random;
  readonly #near = new FuzzSocket();
  readonly #far = new FuzzSocket();
  readonly #client: Http2Connection;
  readonly #server: Http2Connection;
  readonly #clients = new Map<number, PairStream>();
  readonly #servers = new Map<number, PairStream>();
  readonly #errors: (Error | undefined)[] = [];
  /** Frames' worth of bytes that were carried. */
  #carried = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    const options = {
      initialWindowSize: random.pick([1000, 65_535, 262_144]),
      maxConcurrentStreams: random.pick([3, 1000]),
      maxResets: 1_000_000,
      maxUselessFrames: 1_000_000,
    };
    const onClose = (error?: Error): void => void this.#errors.push(error);
    this.#client = new Http2Connection(this.#near, 'client', { onClose }, options);
    this.#server = new Http2Connection(
      this.#far,
      'server',
      { onClose, onRequest: (stream) => this.#onRequest(stream) },
      options,
    );
  }

  /** Makes `count` calls, and waits until all of them are over. Returns how many bytes went by. */
  async run(count: number): Promise<number> {
    const random = this.#random;
    for (let made = 0, idle = 0; made < count || idle < 3;) {
      if (made < count && random.chance(0.3) && this.#client.hasRoom) {
        this.#request();
        made += 1;
      }
      for (const stream of this.#some()) stream.act();
      const moved = this.#carry(this.#near, this.#far) + this.#carry(this.#far, this.#near);
      await tick();
      const isQuiet = moved === 0 && this.#client.streamCount + this.#server.streamCount === 0;
      idle = isQuiet ? idle + 1 : 0;
      this.#settleSome(made === count);
      if (this.#errors.length > 0) throw this.#errors[0] ?? new Error('a connection ended');
    }
    for (const [id, client] of this.#clients) client.compare(this.#servers.get(id));
    this.#client.goAway();
    for (let i = 0; i < 20; i++) {
      this.#carry(this.#near, this.#far);
      this.#carry(this.#far, this.#near);
      await tick();
    }
    this.#client.destroy();
    this.#server.destroy();
    if (this.#errors.length !== 2) throw new Error(`${this.#errors.length} ends`);
    return this.#carried;
  }

  #request(): void {
    const end = new PairStream(this.#random, 'client');
    const stream = this.#client.request(REQUEST, end);
    end.stream = stream;
    this.#clients.set(stream.id, end);
  }

  #onRequest(stream: Http2Stream): void {
    const end = new PairStream(this.#random, 'server');
    end.stream = stream;
    stream.listener = end;
    stream.sendHeaders([':status', '200']);
    this.#servers.set(stream.id, end);
  }

  #some(): PairStream[] {
    const all = [...this.#clients.values(), ...this.#servers.values()];
    return all.filter(({ over }) => !over && this.#random.chance(0.5));
  }

  /** With no more calls to come, those under way must find their end. */
  #settleSome(isLast: boolean): void {
    if (!isLast) return;
    for (const end of [...this.#clients.values(), ...this.#servers.values()]) end.finish();
    if (this.#random.chance(0.02)) {
      for (const end of this.#clients.values()) {
        if (this.#random.chance(0.1) && !end.over) end.giveUp(ErrorCode.Cancel);
      }
    }
  }

  #carry(from: FuzzSocket, to: FuzzSocket): number {
    const random = this.#random;
    if (random.chance(0.1)) from.stalled = true;
    if (random.chance(0.3)) from.resumeWrites();
    if (random.chance(0.2)) return 1; // It is still on its way.
    const bytes = Buffer.concat(from.written.splice(0));
    for (let at = 0; at < bytes.length;) {
      const end = random.chance(0.7) ? bytes.length : at + 1 + random.below(50);
      to.receive(bytes.subarray(at, end));
      at = end;
    }
    this.#carried += bytes.length;
    return bytes.length + (from.stalled ? 1 : 0);
  }
}
