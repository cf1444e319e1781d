import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import type { EngineName } from '../../../lib/index.js';
import {
  startDialing,
  startListening,
  type Dialing,
  type Listening,
} from '../../reliability/attacks/ends/applications.js';
import { Random } from '../../unit/http2/hpack/random.js';
import { mutate } from './mutate.js';
import { record, type Recording } from './recording.js';

/** Milliseconds. */
const BYSTANDER_DEADLINE = 5000;
/** Until nobody may be left of those who have hung up. */
const SETTLE_TIMEOUT = 10_000;

/** A whole listening side, fed with recordings of real clients that were tampered with. */
export class ServerFuzz {
  readonly #listening: Listening;
  readonly #bystander: Dialing;
  readonly #recordings: readonly Buffer[];

  private constructor(listening: Listening, bystander: Dialing, recordings: readonly Recording[]) {
    this.#listening = listening;
    this.#bystander = bystander;
    this.#recordings = recordings.map((pieces) => Buffer.concat(pieces));
  }

  static async start(engine: EngineName): Promise<ServerFuzz> {
    const listening = await startListening(engine, false);
    const recordings = await record(listening.port, engine);
    return new ServerFuzz(listening, await startDialing(listening.port, engine), recordings);
  }

  /** Sends one recording, tampered with, in pieces; then hangs up, at once or a little later. */
  async sendOne(seed: number): Promise<number> {
    const random = new Random(seed);
    const bytes = mutate(random, random.pick(this.#recordings), this.#recordings);
    const socket = connect({ port: this.#listening.port, host: '127.0.0.1', noDelay: true });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}); // The close says it.
    if (random.chance(0.9)) socket.resume();
    for (let at = 0; at < bytes.length && socket.writable;) {
      const end = random.chance(0.3) ? bytes.length : at + 1 + random.below(3000);
      socket.write(bytes.subarray(at, end));
      at = end;
      if (random.chance(0.3)) await nextTurn();
    }
    if (random.chance(0.5)) await Promise.race([closed, sleep(random.below(20))]);
    hangUp(random, socket);
    await closed;
    return bytes.length;
  }

  /** Calls in both directions still work. @throws Error if they do not. */
  async checkBystander(): Promise<void> {
    const data = Buffer.from('still here');
    const { stub } = this.#bystander;
    const options = { deadline: Date.now() + BYSTANDER_DEADLINE };
    const replies = await Promise.all([
      firstValueFrom(stub.echo({ data }, new Metadata(), options)),
      firstValueFrom(stub.echoBack({ data }, new Metadata(), options)),
    ]);
    if (replies.some((reply) => !data.equals(reply.data))) throw new Error('another reply came');
  }

  /** Nobody is left but the bystander. @throws Error if somebody is. */
  async checkSettled(): Promise<void> {
    const { registry } = this.#listening;
    const until = performance.now() + SETTLE_TIMEOUT;
    while (registry.size !== 1) {
      if (performance.now() > until) throw new Error(`${registry.size} peers are left of 1`);
      await sleep(5);
    }
  }

  async close(): Promise<void> {
    await this.#bystander.app.close();
    await this.#listening.app.close();
  }
}

function hangUp(random: Random, socket: Socket): void {
  const how = random.pick(['end', 'destroy', 'resetAndDestroy'] as const);
  if (how !== 'end') return void socket[how]();
  socket.end();
  // What the other end still has to say must not keep it from closing.
  socket.resume();
  socket.setTimeout(2000, () => socket.destroy());
}
