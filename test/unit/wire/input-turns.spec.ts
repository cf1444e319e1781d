import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FRAMES_PER_LOOK, InputTurns, type InputReader } from '../../../lib/wire/index.js';

/** Milliseconds that a connection may read in one turn, with the frames until it looks at the clock again. */
const MOST_IN_A_TURN = 5 + 2 * FRAMES_PER_LOOK;

/** A socket on which a test makes bytes come. */
class Input extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

const tenant = new AsyncLocalStorage<string>();
let now = 0;

/** Frames of one byte, each of which takes a millisecond to read. */
class SlowReader implements InputReader {
  readonly told: string[] = [];

  read(chunk: Buffer, start: number, time: Parameters<InputReader['read']>[2]): number {
    let at = start;
    while (at < chunk.length) {
      this.told.push(String.fromCharCode(chunk[at]!));
      this.onFrame();
      now += 1;
      at += 1;
      if (at % FRAMES_PER_LOOK === 0 && time.isUp()) break;
    }
    return at;
  }

  onFrame(): void {}

  onEnd(): void {
    this.told.push('end');
  }

  onError(error: Error): void {
    this.told.push(error.message);
  }

  onClose(): void {
    this.told.push('close');
  }
}

let socket: Input;
let reader: SlowReader;
let input: InputTurns;

beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  socket = new Input();
  reader = new SlowReader();
  input = InputTurns.begin(socket, reader);
});

afterEach(() => {
  socket.destroy();
  vi.restoreAllMocks();
});

const told = (): string => reader.told.join('');

/** Waits until as much was told. */
async function toldAll(count: number): Promise<void> {
  while (reader.told.length < count) await nextTurn();
}

describe('the turns in which a connection reads', () => {
  it('are no more than one for what is read soon', () => {
    socket.resume();
    socket.emit('data', Buffer.from('abc'));
    expect(told()).toBe('abc');
    expect(socket.isPaused()).toBe(false);
  });

  it('are as many as it takes to hold nobody up for long, in which nothing more comes', async () => {
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(100);
    socket.push(text.slice(0, 2000));
    socket.push(text.slice(2000));
    let turns = 0;
    let most = 0;
    for (let before = 0; reader.told.length < text.length; turns += 1) {
      await nextTurn();
      most = Math.max(most, reader.told.length - before);
      before = reader.told.length;
      if (before > 0 && before < 2000) expect(socket.isPaused()).toBe(true);
    }
    expect(most).toBeLessThanOrEqual(2 * MOST_IN_A_TURN);
    expect(turns).toBeGreaterThan(5);
    expect(told()).toBe(text);
    await nextTurn();
    expect(socket.isPaused()).toBe(false);
  });

  it('are those of others, too', async () => {
    const other = new Input();
    const reads: number[] = [];
    InputTurns.begin(other, {
      read: (chunk) => {
        reads.push(reader.told.length);
        return chunk.length;
      },
      onEnd() {},
      onError() {},
      onClose() {},
    });
    socket.push(Buffer.alloc(2000, 'x'));
    other.push('one');
    setImmediate(() => other.push('two'));
    await toldAll(2000);
    expect(reads).toHaveLength(2);
    expect(Math.max(...reads)).toBeLessThan(1000);
    other.destroy();
  });

  it.each<[string, (end: Input) => void, string[]]>([
    ['the end', (end) => void end.push(null), ['end']],
    ['an error', (end) => void end.destroy(new Error('reset')), ['reset', 'close']],
    ['the close', (end) => void end.destroy(), ['close']],
  ])('tell %s behind all that came before', async (_what, end, ends) => {
    socket.resume();
    socket.emit('data', Buffer.alloc(1000, 'x'));
    end(socket);
    await toldAll(1000 + ends.length);
    expect(reader.told.slice(999)).toEqual(['x', ...ends]);
  });

  it('tell at once that a socket is closed on which nothing waits', async () => {
    socket.destroy(new Error('reset'));
    await toldAll(2);
    expect(reader.told).toEqual(['reset', 'close']);
    const late = new SlowReader();
    InputTurns.begin(socket, late);
    await nextTurn();
    expect(late.told).toEqual(['close']);
  });

  it.each<[string, (end: Input) => void, string[]]>([
    ['the end', (end) => void end.push(null), ['end none']],
    ['an error', (end) => void end.destroy(new Error('reset')), ['reset none', 'close none']],
    ['the close', (end) => void end.destroy(), ['close none']],
  ])('tell %s in no context, whoever made the socket', async (_what, end, ends) => {
    const own = new Input();
    const seen: string[] = [];
    const note = (event: string): void => void seen.push(`${event} ${tenant.getStore() ?? 'none'}`);
    InputTurns.begin(own, {
      read: (chunk) => chunk.length,
      onEnd: () => note('end'),
      onError: (error) => note(error.message),
      onClose: () => note('close'),
    });
    await nextTurn();
    tenant.run('A', end, own);
    while (seen.length < ends.length) await nextTurn();
    expect(seen).toEqual(ends);
    own.destroy();
  });

  it('tell that a socket was closed before in no context', async () => {
    socket.destroy();
    await toldAll(1);
    const seen: unknown[] = [];
    const late = new SlowReader();
    late.onClose = () => void seen.push(tenant.getStore());
    tenant.run('A', () => InputTurns.begin(socket, late));
    await nextTurn();
    expect(seen).toEqual([undefined]);
  });

  it('put what comes while a chunk is being read behind that chunk', () => {
    reader.onFrame = () => {
      if (reader.told.length === 1) socket.emit('data', Buffer.from('cd'));
    };
    socket.emit('data', Buffer.from('ab'));
    expect(told()).toBe('abcd');
  });

  it('stop while the user has paused, also if that was between two of them', async () => {
    socket.push(Buffer.alloc(1000, 'x'));
    await toldAll(1);
    input.pause();
    socket.push('y');
    await toldAll(1000);
    await nextTurn();
    expect(told()).toBe('x'.repeat(1000));
    input.resume();
    await toldAll(1001);
    expect(told().slice(999)).toBe('xy');
  });

  it('do not overlap when the user reads on between two of them', async () => {
    socket.push(Buffer.alloc(1000, 'x'));
    await toldAll(1);
    input.pause();
    socket.push('y');
    input.resume();
    expect(socket.isPaused()).toBe(true);
    await toldAll(1001);
    expect(told()).toBe(`${'x'.repeat(1000)}y`);
  });
});
