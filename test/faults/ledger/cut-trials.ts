import { status } from '@grpc/grpc-js';
import type { Random } from '../../soak/random.js';
import { AtOffset, cuts, ways, type Cut, type FaultyConnection, type Way } from '../index.js';
import { attempt, type Kind, type Outcome } from './attempt.js';
import type { Direction, Lab } from './lab.js';
import { ENTRIES, type Ledger } from './ledger.js';
import { within } from './within.js';

/** A connection that is made for one call, and cut at a byte of one of its ways. */
export interface Trial {
  kind: Kind;
  direction: Direction;
  way: Way;
  offset: number;
  how: Cut;
}

/** What came of a trial; `problems` is empty if all of it is as it is to be. */
export interface Verdict {
  /** None where the connection was cut before there was somebody to call. */
  outcome: Outcome | undefined;
  /** How often the handler ran. */
  executions: number;
  problems: string[];
}

/** Bytes that may follow the end of a call: acknowledgements and windows. */
const LAST_WORDS = 50;
/** Milliseconds that a call may take to end whose connection was cut. */
const BOUND_MS = 30_000;

/**
 * Cuts connections at every byte, from the first of the handshake to the last of a call, and looks at
 * all that there is to look at. The dialing side of `lab` has to be lazy.
 */
export class CutTrials {
  readonly #lab: Lab;
  #lastId = 0;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Bytes of either way, from the first of the handshake to the last that a call brings, if nobody cuts it. */
  async measure(kind: Kind, direction: Direction): Promise<Record<Way, number>> {
    const lab = this.#lab;
    const { connection, outcome } = await this.#make(kind, direction, `${++this.#lastId}`);
    const { code } = await within(BOUND_MS, 'a call that nobody cuts', outcome()!);
    if (code !== status.OK) throw new Error(`a call that nobody cuts ended with ${status[code]}`);
    connection.cut('end');
    await lab.cleared();
    return { up: connection.up.passed + LAST_WORDS, down: connection.down.passed + LAST_WORDS };
  }

  /** Every byte of either way, of a kind of call; cut in one of these ways, and the next byte in the next. */
  async all(kind: Kind, direction: Direction, hows: readonly Cut[]): Promise<Trial[]> {
    const bytes = await this.measure(kind, direction);
    return ways.flatMap((way) =>
      Array.from({ length: bytes[way] + 1 }, (_, offset) => ({
        kind,
        direction,
        way,
        offset,
        how: hows[offset % hows.length]!,
      })),
    );
  }

  /** So many trials of a kind of call, anywhere; every way to cut is among them. */
  async some(kind: Kind, direction: Direction, count: number, random: Random): Promise<Trial[]> {
    const bytes = await this.measure(kind, direction);
    return Array.from({ length: count }, (_, i) => {
      const way = ways[i % ways.length]!;
      const how = cuts[i % cuts.length]!;
      return { kind, direction, way, offset: random.between(0, bytes[way]), how };
    });
  }

  async run(trial: Trial): Promise<Verdict> {
    const { kind, direction, way, offset, how } = trial;
    const lab = this.#lab;
    const id = `${++this.#lastId}`;
    lab.proxy.plan = { [way]: [new AtOffset(offset, (connection) => connection.cut(how))] };
    const made = await this.#make(kind, direction, id);
    await within(BOUND_MS, 'the end of a call', made.over());
    // At the last bytes the call may have been quicker.
    made.connection.cut(how);
    await made.connection.over;
    await lab.cleared();
    const notBack = await lab.problem();
    await lab.cleared();
    made.stop();
    return this.#judge(trial, id, await made.outcome(), notBack);
  }

  /**
   * Connects, and makes a call as soon as that is possible: forward before there is a connection,
   * backwards when there is a peer.
   */
  async #make(kind: Kind, direction: Direction, id: string) {
    const lab = this.#lab;
    const next = lab.proxy.next();
    let outcome: Promise<Outcome> | undefined;
    let onBegin: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (onBegin = resolve));
    const stop = lab.onPeer(({ type, peer }) => {
      const isOurs = peer.remotePort === connection?.port;
      if (type !== 'connected' || direction === 'forward' || !isOurs) return;
      outcome = attempt(kind, peer.getService<Ledger>('Ledger'), id);
      onBegin?.();
    });
    if (direction === 'forward') {
      outcome = attempt(kind, lab.client.getService<Ledger>('Ledger'), id);
      onBegin?.();
    } else {
      void lab.client.connect(BOUND_MS).catch(() => {});
    }
    const connection: FaultyConnection = await next;
    lab.proxy.plan = {};
    const gone = connection.over.then(() => undefined);
    if (outcome === undefined) await Promise.race([begun, gone]);
    return {
      connection,
      stop,
      outcome: () => outcome,
      /** The call is over, or the connection without one. */
      over: async () => void (await Promise.race([begun, gone]), await (outcome ?? gone)),
    };
  }

  #judge(
    { kind, direction, way, offset, how }: Trial,
    id: string,
    outcome: Outcome | undefined,
    notBack: string | undefined,
  ): Verdict {
    const page = this.#lab.callee(direction).pages.get(id);
    const executions = page?.executions ?? 0;
    const problems: string[] = [];
    const claim = (isTrue: boolean, problem: string): void => {
      if (!isTrue) problems.push(problem);
    };
    const code = outcome?.code;
    claim(
      code === undefined || code === status.OK || code === status.UNAVAILABLE,
      `ended with ${status[code!]}: ${outcome?.details}`,
    );
    claim(code !== status.OK || outcome!.whole, 'OK with half a result');
    claim(code !== status.OK || executions === 1, `OK, and executed ${executions} times`);
    claim(executions <= 1, `executed ${executions} times`);
    claim(page?.end !== 'complete' || page.requests === ENTRIES, 'half the requests look complete');
    claim(notBack === undefined, `the dialing side is not back: ${notBack}`);
    const name = `${kind} ${direction}, cut by ${how} at byte ${offset} ${way}`;
    return { outcome, executions, problems: problems.map((problem) => `${name}: ${problem}`) };
  }
}
