import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectivityState, credentials, status, type ChannelOptions } from '@grpc/grpc-js';
// By the entry points of the layers: the package's own would load Nest too.
import { ClientHandshaker, yamuxSessionFactory } from '../../../lib/backchannel/index.js';
import { engineOf, keepConnected, type DialChannel } from '../../../lib/grpc/index.js';
import type { Random } from '../random.js';
import type { CallBook } from './call-book.js';
import { load } from './load.js';
import { makeCall } from './make-call.js';
import { Host, Soak, type HostClient, type SoakClient, type Task } from './protos.js';
import type { SilentLink } from './silent-link.js';
import { soakService } from './soak-service.js';
import { unary } from './unary.js';

/** A connection ends by this end or the other, in order or in the middle of calls, or without a word. */
const ENDINGS = ['closed here', 'closed there', 'cut here', 'cut there'] as const;
const SLOW_ENDINGS = [...ENDINGS, 'half-open', 'half-open here'] as const;
type Ending = (typeof SLOW_ENDINGS)[number];

/** Milliseconds into a call until its connection is cut. */
const LATEST_CUT_MS = 4;
/** Calls of a kind on each connection, at most. */
const MOST_CALLS = 6;
const IN_FLIGHT = 3;
/** A stream of 1 MiB: more than its window, so that it waits for its reader. */
const LARGE = { data: Buffer.alloc(64 * 1024, 'large'), action: 'ANSWER', replies: 16 } as const;

/** Milliseconds that no call takes, not even where a dead connection has to be noticed first. */
const PATIENCE_MS = 60_000;

const HELD: Task = { data: Buffer.alloc(0), action: 'HOLD' };

/** A dead connection is noticed by these, on either side, and no live one of a busy machine: milliseconds. */
export const SIGNS_OF_LIFE: ChannelOptions = {
  'grpc.keepalive_time_ms': 2000,
  'grpc.keepalive_timeout_ms': 8000,
};
const NOTICED_AFTER_MS = 10_000;

interface Line {
  channel: DialChannel;
  soak: SoakClient;
  host: HostClient;
  close(): void;
}

/** A peer that connects, calls both ways, loses its connection, and connects again, over and over. */
export class Churner {
  readonly #book: CallBook;
  readonly #link: SilentLink;
  readonly #address: string;
  readonly #handshaker: ClientHandshaker;
  readonly #random: Random;
  /** Of the newest connection. */
  #socket: Socket | undefined;
  /** Lives through the loss of its connection, as long as nobody closes it. */
  #line: Line | undefined;

  constructor(book: CallBook, link: SilentLink, address: string, random: Random) {
    this.#book = book;
    this.#link = link;
    this.#address = address;
    this.#random = random;
    const createSession = yamuxSessionFactory();
    this.#handshaker = new ClientHandshaker(() => this.#createServer(), {
      sessionFactory: (socket, role) => {
        this.#socket = socket as Socket;
        return createSession(socket, role);
      },
    });
  }

  /** The whole life of one connection, which does not take much longer than `ms`. */
  async live(ms: number): Promise<void> {
    const line = (this.#line ??= this.#open());
    const { soak, host } = line;
    const random = this.#random;
    const calls: Task = {
      data: Buffer.from('calls'),
      action: 'ANSWER',
      replies: random.between(1, MOST_CALLS),
      seed: random.between(0, 2 ** 32 - 1),
    };
    // The first one dials, if nobody else has.
    await this.#call([status.OK], 'CallMany', host, calls);
    const count = random.between(1, MOST_CALLS);
    await load(soak, { count, inFlight: IN_FLIGHT }, random, this.#book);
    if (random.chance(0.2)) await this.#large(soak, [status.OK]);
    await this.#lose(line, random.pick(ms > NOTICED_AFTER_MS ? SLOW_ENDINGS : ENDINGS));
  }

  /** Closes the connection that there is, or is being made: that one is to come about first. */
  async leave(): Promise<void> {
    const line = this.#line;
    if (line === undefined) return;
    await this.#call([status.OK], 'CallBack', line.host, { ...HELD, action: 'ANSWER' });
    this.#close();
  }

  #close(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  #open(): Line {
    const insecure = credentials.createInsecure();
    const channel = this.#handshaker.createChannel(this.#address, insecure, {
      ...SIGNS_OF_LIFE,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': 20,
    });
    const stop = keepConnected(channel, false);
    const options = { channelOverride: channel };
    return {
      channel,
      soak: new Soak(this.#address, insecure, options),
      host: new Host(this.#address, insecure, options),
      close: () => {
        stop();
        channel.close();
      },
    };
  }

  /** Resolves when the channel knows that the connection is gone. */
  async #lose(line: Line, how: Ending): Promise<void> {
    if (how === 'closed here') return this.#close();
    const gone = isGone(line.channel);
    if (how === 'closed there') {
      // What the closing end resets may overtake its reply.
      const expected = [status.OK, status.UNAVAILABLE];
      await this.#call(expected, 'HangUp', line.host, { ...HELD, action: 'ANSWER' });
    } else {
      await this.#break(line, how);
    }
    if (await within(gone, PATIENCE_MS)) return;
    const { localPort } = this.#socket!;
    this.#book.fault(`${how}: the connection from port ${localPort} is still taken for alive`);
    this.#close();
  }

  /** The connection breaks in the middle of calls, one of them with a stream that is on its way. */
  async #break({ soak, host }: Line, how: Ending): Promise<void> {
    const cutAfterMs = this.#random.between(0, LATEST_CUT_MS);
    const socket = this.#socket!;
    const method = how === 'cut there' ? 'Cut' : 'CallBack';
    const lost = [this.#call([status.UNAVAILABLE], method, host, { ...HELD, cutAfterMs })];
    if (this.#random.chance(0.5)) lost.push(this.#large(soak, [status.OK, status.UNAVAILABLE]));
    await sleep(cutAfterMs);
    if (how === 'cut here') socket.destroy();
    else if (how === 'half-open') this.#link.silence(socket.localPort!);
    else if (how === 'half-open here') this.#link.loseFarEnd(socket.localPort!);
    await Promise.all(lost);
  }

  #large(soak: SoakClient, expected: readonly status[]): Promise<void> {
    const end = this.#book.begin('a large stream', expected);
    const plan = {
      kind: 'ServerStream',
      task: LARGE,
      requests: 1,
      deadlineMs: undefined,
      cancelAfterMs: undefined,
      expected,
    } as const;
    return new Promise((resolve) => {
      makeCall(soak, plan, (ending) => {
        end(ending);
        resolve();
      });
    });
  }

  #call(
    expected: readonly status[],
    method: 'CallBack' | 'CallMany' | 'Cut' | 'HangUp',
    host: HostClient,
    task: Task,
  ): Promise<void> {
    const what = `${method}, ${task.action}`;
    const deadline = Date.now() + PATIENCE_MS;
    return unary(this.#book, what, expected, (done) => host[method](task, { deadline }, done));
  }

  #createServer() {
    const server = engineOf().createServer(SIGNS_OF_LIFE);
    server.addService(Soak.service, soakService(this.#book));
    return server;
  }
}

/** Whether `promise` resolves in time. */
function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, false);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Resolves when `channel`, which is connected, is not any more. */
function isGone(channel: DialChannel): Promise<void> {
  return new Promise((resolve) => {
    channel.watchConnectivityState(connectivityState.READY, Infinity, () => resolve());
  });
}
