// Dialing sides, many in one process.
import { once } from 'node:events';
import {
  credentials,
  type ChannelOptions,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { ClientHandshaker } from '../../lib/backchannel/index.js';
import { engineOf, keepConnected } from '../../lib/grpc/index.js';
import { Soak, type Blob, type SoakClient } from '../soak/ends/protos.js';
import { services, SIGNS_OF_LIFE, type System } from './many-peers-system.js';
import { serveEnd } from './remote.js';

/** Connections that are made at once. */
const AT_ONCE = 20;
const TICK_MS = 5;
const DEADLINE_MS = 10_000;
const TASK = { data: Buffer.alloc(64) };
/** 16 MiB. */
const LARGE = { data: Buffer.alloc(64 * 1024), replies: 256 };

/** Of calls, in milliseconds. */
export interface Latencies {
  calls: number;
  lost: number;
  p99: number;
}

export class ManyPeersDialing {
  readonly #clients: SoakClient[] = [];
  readonly #stalled: { cancel(): void }[] = [];
  #loop: (() => Promise<Latencies>) | undefined;

  /** Connects so many, each of which makes one call. */
  async connect(system: System, port: number, count: number): Promise<void> {
    let left = count;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const client = system === 'peers' ? dial(port) : dialPlainly(port);
        this.#clients.push(client);
        await call(client);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Begins to call, with all connections in turn, `perSecond` times in all. */
  begin(perSecond: number): void {
    this.#loop = openLoop(this.#clients, perSecond);
  }

  /** Begins no more calls. Resolves when all have ended. */
  end(): Promise<Latencies> {
    return this.#loop!();
  }

  /** Each connection gets so many streams of 16 MiB that nobody reads. */
  stall(count = 1): void {
    for (let i = 0; i < count; i++) this.#open();
  }

  /** The same, but half of each is read, as fast as it comes. */
  async readHalf(count: number): Promise<void> {
    const streams = Array.from({ length: count }, () => this.#open()).flat();
    await Promise.all(streams.map((stream) => readMessages(stream, LARGE.replies / 2)));
  }

  #open(): ClientReadableStream<Blob>[] {
    const streams = this.#clients.map((client) => client.ServerStream(LARGE, {}));
    for (const stream of streams) stream.on('error', () => {}); // That it was cancelled.
    this.#stalled.push(...streams);
    return streams;
  }

  relieve(): void {
    for (const stream of this.#stalled.splice(0)) stream.cancel();
  }

  pid(): number {
    return process.pid;
  }
}

/** Reads so many messages, and then no more. */
async function readMessages(stream: ClientReadableStream<Blob>, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    if (stream.read() === null) await once(stream, 'readable');
    else left -= 1;
  }
}

const handshaker = new ClientHandshaker(() => {
  const server = engineOf().createServer(SIGNS_OF_LIFE);
  server.addService(Soak.service, services);
  return server;
});

const OPTIONS: ChannelOptions = {
  ...SIGNS_OF_LIFE,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_reconnect_backoff_ms': 30_000,
};

/** As a `BackchannelClient` does. */
function dial(port: number): SoakClient {
  const address = `127.0.0.1:${port}`;
  const insecure = credentials.createInsecure();
  const channel = handshaker.createChannel(address, insecure, OPTIONS);
  keepConnected(channel);
  return new Soak(address, insecure, { channelOverride: channel });
}

function dialPlainly(port: number): SoakClient {
  return new Soak(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...OPTIONS,
    // A connection for each.
    'grpc.use_local_subchannel_pool': 1,
  });
}

function call(client: SoakClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + DEADLINE_MS;
    client.Unary(TASK, { deadline }, (error: ServiceError | null, _reply?: Blob) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Calls at a fixed rate, whether or not those before have been answered. */
function openLoop(clients: readonly SoakClient[], perSecond: number): () => Promise<Latencies> {
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  let calls = 0;
  let lost = 0;
  const one = async (): Promise<void> => {
    const client = clients[calls++ % clients.length]!;
    const startedAt = performance.now();
    await call(client).catch(() => (lost += 1));
    latencies.push(performance.now() - startedAt);
  };
  const periodMs = 1000 / perSecond;
  let dueAt = performance.now();
  const timer = setInterval(() => {
    for (const now = performance.now(); dueAt <= now; dueAt += periodMs) {
      const ended = one();
      pending.add(ended);
      void ended.then(() => pending.delete(ended));
    }
  }, TICK_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(pending);
    latencies.sort((a, b) => a - b);
    return { calls, lost, p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0 };
  };
}

process.setSourceMapsEnabled(false);
serveEnd(new ManyPeersDialing());
