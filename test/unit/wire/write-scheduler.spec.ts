import { performance } from 'node:perf_hooks';
import { Writable, type Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import { WriteScheduler, type Sendable } from '../../../lib/wire/index.js';

const KiB = 1024;
const FRAME = Buffer.alloc(64 * KiB);

/** A network that takes what it is given at some rate, all of one write at once. */
class Network extends Writable {
  readonly batches: number[] = [];

  /** @param bytesPerMs - Infinity for one that takes everything at once. */
  constructor(public bytesPerMs: number) {
    super({ highWaterMark: 16 * KiB });
  }

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.#take(chunk.length, done);
  }

  override _writev(writes: { chunk: Buffer }[], done: () => void): void {
    this.#take(
      writes.reduce((sum, { chunk }) => sum + chunk.length, 0),
      done,
    );
  }

  #take(bytes: number, done: () => void): void {
    this.batches.push(bytes);
    if (this.bytesPerMs === Infinity) done();
    else setTimeout(done, bytes / this.bytesPerMs);
  }
}

/** Frames that are sent at most; a network that takes everything at once would take them for ever. */
const MOST_FRAMES = 10_000;

let network: Network;
let turns: WriteScheduler<Sendable>;

function begin(bytesPerMs: number): void {
  let frames = 0;
  const source: Sendable = {
    get sendable() {
      return frames < MOST_FRAMES;
    },
  };
  network = new Network(bytesPerMs);
  turns = new WriteScheduler(network as unknown as Duplex, {
    blocked: false,
    onFlushStart() {},
    sendFrame: () => {
      frames += 1;
      turns.write(FRAME.subarray(0, turns.atATime));
    },
    onFlushEnd() {},
  });
  turns.activate(source);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
});

afterEach(() => {
  turns.discard();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('what a socket is given at a time', () => {
  it('is no more than a slow link takes in about a quarter of a second', async () => {
    begin(10);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(network.batches[0]).toBeLessThanOrEqual(64 * KiB);
    expect(Math.max(...network.batches.slice(3))).toBeLessThanOrEqual(4 * KiB);
  });

  it('keeps a slow link busy', async () => {
    begin(10);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(turns.bytesTaken).toBeGreaterThan(0.95 * 600_000);
  });

  it('grows to 256 KiB on a fast one', async () => {
    begin(100_000);
    await vi.advanceTimersByTimeAsync(1000);

    expect(network.batches.at(-1)).toBe(256 * KiB);
  });

  it('grows on one that takes everything at once', async () => {
    begin(Infinity);
    await vi.advanceTimersByTimeAsync(1);

    expect(turns.atATime).toBe(256 * KiB);
  });

  it('becomes less where the link becomes slow, and more again where it becomes fast', async () => {
    begin(100_000);
    await vi.advanceTimersByTimeAsync(1000);
    network.bytesPerMs = 10;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(turns.atATime).toBe(4 * KiB);
    network.bytesPerMs = 100_000;
    await vi.advanceTimersByTimeAsync(1000);

    expect(turns.atATime).toBe(256 * KiB);
  });

  it('is seen as taken write by write', async () => {
    begin(10);
    await vi.advanceTimersByTimeAsync(30_000);
    const seen = new Set<number>();
    for (let i = 0; i < 10; i += 1) {
      await vi.advanceTimersByTimeAsync(1000);
      seen.add(turns.bytesTaken);
    }

    expect(seen.size).toBe(10);
  });
});

/** Lets the event loop turn ten times. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

describe('a source that fails at its turn', () => {
  /** Two sources, of which the first fails until `repair` is called; each has one frame. */
  function failingFirst() {
    const sent: string[] = [];
    let isBroken = true;
    const [first, second] = ['first', 'second'].map((name) => ({
      name,
      get sendable() {
        return !sent.includes(name);
      },
    })) as [Sendable & { name: string }, Sendable & { name: string }];
    turns = new WriteScheduler<Sendable>(new Network(Infinity) as unknown as Duplex, {
      blocked: false,
      onFlushStart() {},
      sendFrame: (source) => {
        if (source === first && isBroken) throw new Error('broken');
        sent.push((source as typeof first).name);
      },
      onFlushEnd() {},
    });
    turns.activate(first);
    turns.activate(second);
    return { sent, repair: () => (isBroken = false) };
  }

  it('does not keep others from their turns, and has another one itself', async () => {
    const escaped = catchEscapes();
    const { sent, repair } = failingFirst();

    await someTurns();
    expect(escaped).toContain('broken');
    repair();
    await someTurns();

    expect(sent).toEqual(['second', 'first']);
  });

  it('does not starve the event loop', async () => {
    const escaped = catchEscapes();
    failingFirst();

    await someTurns();

    expect(escaped.length).toBeLessThan(20);
  });
});

describe('a late flush', () => {
  /** Schedulers whose frames, `late` and `data`, are one byte each. */
  function createScheduler() {
    const taken = new Network(Infinity);
    const late: Buffer[] = [];
    const data: Sendable = { sendable: true };
    turns = new WriteScheduler<Sendable>(taken as unknown as Duplex, {
      blocked: false,
      onFlushStart: () => {
        for (const frame of late.splice(0)) turns.write(frame);
      },
      sendFrame: (source) => {
        turns.write(FRAME.subarray(0, 1));
        turns.deactivate(source);
      },
      onFlushEnd() {},
    });
    const writeLate = (): void => {
      late.push(FRAME.subarray(0, 1));
      turns.scheduleLate();
    };
    return { batches: taken.batches, writeLate, writeData: () => turns.activate(data) };
  }

  it('writes at the end of the turn', async () => {
    const { batches, writeLate } = createScheduler();

    writeLate();
    await Promise.resolve();
    writeLate();
    await nextTurn();

    expect(batches).toEqual([2]);
  });

  it('joins the data that a promise brings in the same turn', async () => {
    const { batches, writeLate, writeData } = createScheduler();

    writeLate();
    await Promise.resolve();
    writeData();
    await someTurns();

    expect(batches).toEqual([2]);
  });

  it('does not delay data', async () => {
    const { batches, writeLate, writeData } = createScheduler();

    writeLate();
    writeData();
    await new Promise<void>((resolve) => process.nextTick(resolve));

    expect(batches).toEqual([2]);
  });
});
