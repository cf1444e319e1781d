import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { Remote } from '../../../reliability/remote.js';
import type { Configuration } from '../configurations.js';
import { AgentReach } from '../play/agent-reach.js';
import { reachHub } from '../play/hub-reach.js';
import { Player } from '../play/player.js';
import type { Program } from '../program/step.js';
import type { TargetEnd } from '../target/end.js';
import type { Left } from '../target/meter.js';
import type { Cost, Leftovers } from './cost.js';
import { granted } from './grants.js';
import { DEAR_METHODS, honestCalls, METHODS } from './honest.js';

/** The collections before each measurement must not drop the code that was compiled for the last one. */
const TARGET_FLAGS = ['--max-old-space-size=1024', '--no-flush-bytecode'];
/** Milliseconds that a target may go on with what came. */
const MOST_WORK_MS = 3000;
/** Connections without cost, which have V8 compile what each connection needs. */
const WARM_UPS = 40;
/** Connections with many calls of each method, after which V8 has compiled what a call needs. */
const WARM_UPS_OF_CALLS = 5;
/** Milliseconds for the last words of connections. */
const LAST_WORDS_MS = 1500;
/** Calls of a connection after which V8 compiles their code. */
const CALLS_TO_COMPILE = 200;
/** Honest calls by which the cost of one is told: as many as fit into 64 KiB, because all are live at once. */
const MANY_CALLS = 800;
const TIMES = 3;
const NOTHING = { heap: 0, cpu: 0, block: 0, log: 0 };

/** A process under attack, and the way to it. */
export class Target {
  #idle = { cpu: 0, block: 0 };
  /** Processor time of an honest call: of the engine, Nest and the handler. */
  #callMs = 0;

  private constructor(
    readonly configuration: Configuration,
    private readonly remote: Remote<TargetEnd>,
    private readonly port: number,
    private readonly reach: AgentReach | undefined,
  ) {}

  /** @param program - the module of a `TargetEnd`, as it was compiled. */
  static async start(configuration: Configuration, program: URL): Promise<Target> {
    const remote = await Remote.start<TargetEnd>('target', program, TARGET_FLAGS);
    if (configuration.site !== 'agent') {
      const port = await remote.call('listen', configuration);
      return new Target(configuration, remote, port, undefined);
    }
    const reach = await AgentReach.listen(configuration.tls);
    await remote.call('dial', configuration, reach.port);
    return new Target(configuration, remote, reach.port, reach);
  }

  /** Plays programs whose cost is that of code which was never run before, and then that of any connection. */
  async warmUp(programs: readonly Program[]): Promise<void> {
    await this.rest();
    await this.#compileCalls();
    const costs: Cost[] = [];
    for (let i = 0; i < WARM_UPS; i += 1) {
      costs.push(await this.play(programs[i % programs.length]!));
    }
    const last = costs.slice(-WARM_UPS / 2);
    this.#idle = {
      cpu: median(last.map(({ cpu }) => cpu)),
      block: median(last.map(({ block }) => block)),
    };
    this.#callMs = await this.#honestCallMs();
    await this.rest();
  }

  async #compileCalls(): Promise<void> {
    for (let i = 0; i < WARM_UPS_OF_CALLS; i += 1) {
      for (const method of METHODS) {
        await this.play(honestCalls(this.configuration.site, method, CALLS_TO_COMPILE));
      }
    }
  }

  /** Milliseconds of processor time that an honest call of the dearest method takes. */
  async #honestCallMs(): Promise<number> {
    const costs: number[] = [];
    for (const method of DEAR_METHODS) costs.push(await this.#callMsOf(method));
    return Math.max(...costs);
  }

  /** The least of some times. */
  async #callMsOf(method: string): Promise<number> {
    const program = honestCalls(this.configuration.site, method, MANY_CALLS);
    const costs: number[] = [];
    for (let i = 0; i < TIMES; i += 1) {
      await this.rest();
      costs.push((await this.play(program)).cpu);
    }
    return Math.max(0, Math.min(...costs) - this.#idle.cpu) / MANY_CALLS;
  }

  /** Plays a program on a connection of its own. A process that dies of it is a fault. */
  async play(program: Program): Promise<Cost> {
    const { site } = this.configuration;
    let bytes = { sent: 0, received: 0 };
    try {
      await this.remote.call('begin');
      const socket = await this.#reach();
      const player = new Player(socket, site, program);
      await player.play();
      bytes = { sent: player.sent, received: player.received };
      const open = await this.remote.call('open', MOST_WORK_MS, player.sent);
      bytes = { sent: player.sent, received: player.received };
      socket.destroy();
      const { faults } = await this.remote.call('left');
      const isBuiltIn = this.configuration.engine === 'built-in';
      const calls = isBuiltIn ? open.handledCalls : player.calls;
      const ofCalls = calls * this.#callMs;
      return {
        ...bytes,
        heap: Math.max(0, open.heldBytes - granted(player.calls, open)),
        cpu: Math.max(0, open.cpuMs - ofCalls),
        // The built-in engine begins calls in turns.
        block: Math.max(0, open.blockMs - (isBuiltIn ? 0 : ofCalls)),
        log: open.logLines,
        idle: this.#idle,
        faults,
      };
    } catch (error) {
      return { ...bytes, ...NOTHING, idle: this.#idle, faults: [fallen(error)] };
    }
  }

  /** What the process holds in peace: what comes later is compared with it. */
  rest(): Promise<Left> {
    return this.remote.call('rest');
  }

  /**
   * What is left that was not there before.
   *
   * @param restMs - how long to wait. Default: until nothing is left, or last words have been said.
   */
  async leftSince(before: Left, restMs?: number): Promise<{ left: Leftovers; now: Left }> {
    const until = performance.now() + LAST_WORDS_MS;
    if (restMs !== undefined) await sleep(restMs);
    for (;;) {
      const { resources } = await this.remote.call('left');
      const isOver = restMs !== undefined || performance.now() > until;
      if (!isOver && more(resources, before.resources) > 0) await sleep(50);
      else break;
    }
    const now = await this.rest();
    const left = {
      bytes: now.heldBytes - before.heldBytes,
      resources: more(now.resources, before.resources),
    };
    return { left, now };
  }

  referenceWork(): Promise<number> {
    return this.remote.call('referenceWork');
  }

  async close(): Promise<void> {
    await this.remote.close();
    this.reach?.close();
  }

  async #reach(): Promise<Socket> {
    const { site, tls } = this.configuration;
    if (site !== 'agent') return reachHub('127.0.0.1', this.port, tls);
    this.reach!.forget();
    await this.remote.call('connect');
    return this.reach!.take();
  }
}

/** The text of a fault for a target that does not answer any more. */
export function fallen(error: unknown): string {
  return `the target fell: ${(error as Error).message}`;
}

/** How many resources there are more than before, of any kind. */
function more(now: Record<string, number>, before: Record<string, number>): number {
  return Object.entries(now).reduce(
    (sum, [kind, count]) => sum + Math.max(0, count - (before[kind] ?? 0)),
    0,
  );
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
