import type { YamuxConfig } from '../../../lib/yamux/config.js';
import { YamuxSession } from '../../../lib/yamux/session.js';
import type { YamuxStream } from '../../../lib/yamux/stream.js';
import { FuzzSocket, tick } from '../fuzz-socket.js';
import { AppStream } from './app-stream.js';
import { FakeClock } from './fake-clock.js';
import { INITIAL_WINDOW, type PeerStream } from './peer-stream.js';
import { PeerModel } from './peer-model.js';
import { appStep } from './app-steps.js';
import { peerStep, violate } from './peer-steps.js';
import { FIRST_APP_STEP, type Script, type Step } from './script.js';

/** What was done. */
export interface SessionFuzzResult {
  /** Frames that the session was sent. */
  readonly sent: number;
  /** Frames that it has written. */
  readonly received: number;
}

/** Frames' worth of steps until the peer sends what it has, if no step says so before. */
const MAX_OUTBOX = 40;
/** Errors that only time can cause. */
const TIMEOUTS = [
  'ERR_YAMUX_OPEN_TIMEOUT',
  'ERR_YAMUX_WRITE_TIMEOUT',
  'ERR_YAMUX_KEEPALIVE_TIMEOUT',
];

/**
 * One session of ours, on a connection whose other end knows the protocol and keeps to it, or breaks
 * it in a way whose consequence is known; and an application that does whatever it may, at any time.
 *
 * @throws Error from `run` as soon as anything is not as the protocol and Node's streams have it.
 */
export class SessionFuzz {
  readonly socket = new FuzzSocket();
  readonly clock = new FakeClock();
  readonly model: PeerModel;
  readonly session: YamuxSession;
  readonly config: YamuxConfig;
  readonly isClient: boolean;
  /** Whether a handler takes each stream at once, rather than `accept()` some time. */
  readonly takesAll: boolean;
  readonly apps: AppStream[] = [];
  /** Why the session may end, besides what is sent now. */
  readonly excuses = new Set<string>();
  /** Promises of the session that have to settle. */
  pending = 0;
  nextInboundId: number;
  #outbox: Buffer[] = [];
  #pieces: Buffer[] = [];
  #sent = 0;
  #ends: (Error | undefined)[] = [];
  /** Things that happen inside a handler of the application, not after one another. */
  #inHandler = false;
  #handled = 0;
  readonly #inHandlers: readonly Step[];

  constructor(private readonly script: Script) {
    const [a = 0, b = 0, c = 0, d = 0] = script.setup;
    this.isClient = a % 2 === 1;
    this.takesAll = b % 3 > 0;
    this.nextInboundId = this.isClient ? 2 : 1;
    const initial = [INITIAL_WINDOW, INITIAL_WINDOW, 400_000][a % 3]!;
    const isStrict = c % 8 === 0;
    const config: Partial<YamuxConfig> = {
      initialStreamWindowSize: initial,
      maxStreamWindowSize: initial * [1, 2, 40][b % 3]!,
      maxSessionWindowSize: INITIAL_WINDOW * [1, 5, 64][c % 3]!,
      acceptBacklog: [1, 3, 256][d % 3]!,
      maxInboundStreams: [2, 1024][d % 2]!,
      maxUselessFrames: isStrict ? 30 : 1_000_000,
      maxResets: isStrict ? 5 : 1_000_000,
      maxFrameSize: [500, 5000, 65_536][(a >> 4) % 3]!,
      keepAlive: b % 5 === 0,
    };
    if (isStrict) this.excuses.add('ERR_YAMUX_FLOOD');
    this.clock.install();
    this.session = new YamuxSession(this.socket, this.isClient ? 'client' : 'server', config);
    this.config = { acceptBacklog: 256, maxFrameSize: 65_536, ...config } as YamuxConfig;
    this.model = new PeerModel({
      isClient: this.isClient,
      maxFrameSize: config.maxFrameSize!,
      maxSessionWindowSize: config.maxSessionWindowSize!,
      acceptBacklog: config.acceptBacklog!,
      appOf: (id) => this.apps.find(({ stream }) => stream.id === id),
    });
    this.#inHandlers = d % 4 === 0 ? script.steps.filter(([what]) => what >= FIRST_APP_STEP) : [];
    this.session.on('close', (error) => {
      this.#ends.push(error);
      this.#inside();
    });
    if (this.takesAll) this.session.onStream((stream) => this.#onStream(stream));
  }

  get isOver(): boolean {
    return this.#ends.length > 0;
  }

  /** Runs the script. */
  async run(): Promise<SessionFuzzResult> {
    try {
      for (const step of this.script.steps) {
        if (step[0] < FIRST_APP_STEP) await peerStep(this, step);
        else appStep(this, step);
        if (this.#outbox.length > MAX_OUTBOX) await this.settle();
        this.#check();
      }
      await this.#end(this.script.setup[4] ?? 0);
    } finally {
      this.clock.uninstall();
      this.socket.destroy();
    }
    return { sent: this.#sent, received: this.model.frames };
  }

  // ---- The peer

  /** Sends a frame some time. */
  send(frame: Buffer): void {
    if (this.isOver) return;
    this.#sent += 1;
    this.#outbox.push(frame);
  }

  /** Brings some of what was sent to the session: `pieces` chunks at most, cut anywhere. */
  deliver(pieces: number, size: number): void {
    if (this.#outbox.length > 0) {
      const bytes = Buffer.concat(this.#outbox.splice(0));
      const most = Math.max(size, bytes.length >> 7);
      for (let at = 0; at < bytes.length; at += most) {
        this.#pieces.push(bytes.subarray(at, at + most));
      }
    }
    for (; pieces > 0 && this.#pieces.length > 0 && !this.socket.isPaused(); pieces--) {
      // Nothing may rely on the bytes of a chunk but what was made of it: each is a copy.
      this.socket.receive(Buffer.from(this.#pieces.shift()!));
    }
    if (this.isOver) this.#pieces = [];
  }

  /** What the session has written is read. */
  async turn(): Promise<void> {
    await tick();
    this.model.read(this.socket.written);
  }

  /** All that was sent has come, both ways; whether that could be. */
  async settle(): Promise<boolean> {
    for (let turns = 0; turns < 50 && !this.isOver; turns++) {
      this.socket.resumeWrites();
      await this.turn();
      const isQuiet = this.#outbox.length + this.#pieces.length === 0 && !this.socket.isPaused();
      if (isQuiet && turns > 2) return true;
      this.deliver(Infinity, 100_000);
    }
    return false;
  }

  /** Sends what must end the session at once. */
  async violate(frame: Buffer, code: string): Promise<void> {
    this.#sent += 1;
    // Whatever else it is, it shows that the peer knows the stream.
    this.model.unacknowledged.delete(frame.readUInt32BE(4));
    this.socket.receive(frame);
    const [error] = this.#ends as [{ code?: string }?];
    const isFlood = this.excuses.has('ERR_YAMUX_FLOOD') && error?.code === 'ERR_YAMUX_FLOOD';
    if (error?.code !== code && !isFlood) {
      throw new Error(`${frame.toString('hex', 0, 12)} caused ${error?.code}, not ${code}`);
    }
    this.excuses.add(code);
    await this.turn();
    if (!this.model.saysGoodbye && code !== 'ERR_YAMUX_REMOTE_ERROR') throw new Error('no GoAway');
  }

  // ---- The application

  watch(stream: YamuxStream, isInbound: boolean): void {
    const { streams } = this.model;
    // A number that the peer uses again is another stream; ours are known to it some time.
    const known = streams.get(stream.id);
    const peer = (): PeerStream | undefined => (isInbound ? known : streams.get(stream.id));
    const app = new AppStream(stream, peer, this.apps.length % 3 > 0, () => this.#inside());
    if (known !== undefined) known.app = app;
    this.apps.push(app);
  }

  /** Waits for something that the session has promised. */
  expect<T>(promise: Promise<T>, then?: (value: T) => void): void {
    this.pending += 1;
    const settled = (): void => void (this.pending -= 1);
    promise.then(
      (value) => {
        settled();
        then?.(value);
      },
      (error: Error) => {
        settled();
        if (!(error instanceof Error)) throw new Error('not an error', { cause: error });
      },
    );
  }

  #onStream(stream: YamuxStream): void {
    this.watch(stream, true);
    this.#inside();
  }

  /** The application does something where it is told something. */
  #inside(): void {
    if (this.#inHandler || this.#inHandlers.length === 0) return;
    this.#inHandler = true;
    this.#handled += 1;
    appStep(this, this.#inHandlers[this.#handled % this.#inHandlers.length]!);
    this.#inHandler = false;
  }

  // ---- What must be

  #check(): void {
    const { session, config } = this;
    if (session.streamCount * INITIAL_WINDOW > config.maxSessionWindowSize) {
      throw new Error(`${session.streamCount} streams`);
    }
    if (!this.isOver) return;
    const [error] = this.#ends as (Error & { code?: string })[];
    if (this.#ends.length > 1) throw new Error('the session ended twice');
    if (session.streamCount > 0) throw new Error('streams outlive the session');
    const reason = error === undefined ? 'closed' : (error.code ?? error.message);
    if (!this.excuses.has(reason)) throw new Error(`the session ended: ${reason}`);
  }

  /** Time passes; what may come of it is known. */
  async pass(ms: number): Promise<void> {
    await this.turn();
    if (ms > 5000) for (const code of TIMEOUTS) if (this.#mayTimeOut(code)) this.excuses.add(code);
    this.clock.advance(ms);
    await this.turn();
    this.#check();
    for (const code of TIMEOUTS) this.excuses.delete(code);
    if (this.isOver) for (const code of TIMEOUTS) this.excuses.add(code);
  }

  #mayTimeOut(code: string): boolean {
    const isOnItsWay = this.socket.stalled || this.#outbox.length + this.#pieces.length > 0;
    if (code === 'ERR_YAMUX_OPEN_TIMEOUT') return isOnItsWay || this.model.unacknowledged.size > 0;
    if (code === 'ERR_YAMUX_WRITE_TIMEOUT') return this.socket.stalled;
    return this.config.keepAlive;
  }

  async #end(how: number): Promise<void> {
    const { session, socket } = this;
    if (how % 2 === 0) await violate(this, how >> 3, this.script.setup[0] ?? 0);
    await this.turn();
    for (const reason of [
      'closed',
      'ERR_YAMUX_SESSION_CLOSED',
      'ERR_YAMUX_UNEXPECTED_EOF',
      'ECONNRESET',
      ...TIMEOUTS,
    ])
      this.excuses.add(reason);
    if ((how >> 1) % 4 === 0) session.destroy();
    else if ((how >> 1) % 4 === 1) socket.emit('end');
    else if ((how >> 1) % 4 === 2)
      socket.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    else void session.close();
    this.#check();
    for (let round = 0; round < 3; round++) {
      for (let turns = 0; turns < 6; turns++) await this.turn();
      socket.resumeWrites();
      this.clock.advance(400_000);
    }
    await tick();
    if (this.#ends.length !== 1) throw new Error(`the session ended ${this.#ends.length} times`);
    this.#check();
    for (const app of this.apps) app.settle();
    for (let turns = 0; turns < 8; turns++) await tick();
    for (const app of this.apps) {
      if (app.closes === 0) app.stream.destroy();
    }
    for (let turns = 0; turns < 4; turns++) await tick();
    for (const app of this.apps) app.checkEnd();
    if (this.pending > 0) throw new Error(`${this.pending} promises are left`);
    if (this.clock.waiting > 0) throw new Error(`${this.clock.waiting} timers are left`);
    if (!socket.destroyed) throw new Error('the socket is left');
  }
}
