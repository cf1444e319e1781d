import { performance } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import type { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CompressedMessage, Decompressor } from '../../../lib/grpc/built-in/decompressor.js';

const MiB = 2 ** 20;

class Message implements CompressedMessage {
  readonly encoding = 'gzip';
  readonly limit = -1;
  readonly end: Promise<Buffer | status>;
  isOver = false;
  isAllowed = false;
  #resolve!: (end: Buffer | status) => void;

  constructor(readonly message: Buffer) {
    this.end = new Promise((resolve) => (this.#resolve = resolve));
  }

  takeRoom(): boolean {
    return true;
  }

  onDecompressed(message: Buffer): void {
    this.isOver = true;
    this.#resolve(message);
  }

  onAllowed(): void {
    this.isAllowed = true;
  }

  onUnreadable(code: status): void {
    this.isOver = true;
    this.#resolve(code);
  }
}

const textOf = (text: string): Message => new Message(gzipSync(text));

describe('Decompressor', () => {
  it('decompresses any number of messages, each for its sink', async () => {
    const decompressor = new Decompressor();
    const messages = Array.from({ length: 50 }, (_, i) => textOf(`text ${i}`));
    for (const message of messages) decompressor.add(message);
    const ends = await Promise.all(messages.map(({ end }) => end));
    expect(ends.map(String)).toEqual(messages.map((_, i) => `text ${i}`));
  });

  it('begins with the next one also behind one that is none', async () => {
    const decompressor = new Decompressor();
    const messages = Array.from({ length: 20 }, () => new Message(Buffer.from('no gzip')));
    const last = textOf('the last');
    for (const message of [...messages, last]) decompressor.add(message);
    expect(String(await last.end)).toBe('the last');
  });

  it('tells nothing of messages that were removed, whether they had begun or not', async () => {
    const decompressor = new Decompressor();
    const removed = Array.from({ length: 20 }, () => textOf('unwanted'));
    for (const message of removed) decompressor.add(message);
    for (const message of removed) decompressor.remove(message);
    const last = textOf('wanted');
    decompressor.add(last);
    expect(String(await last.end)).toBe('wanted');
    expect(removed.filter(({ isOver }) => isOver)).toEqual([]);
  });

  describe('when messages have become very much larger', () => {
    let now = 0;

    beforeEach(() => {
      now = performance.now();
      vi.spyOn(performance, 'now').mockImplementation(() => now);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });

    afterEach(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });

    function pass(ms: number): void {
      now += ms;
      vi.advanceTimersByTime(ms);
    }

    it('has the next one wait until the budget has it again', async () => {
      const decompressor = new Decompressor();
      decompressor.charge(1000, 0, 24 * MiB);
      const message = textOf('late');
      decompressor.add(message);
      pass(3900);
      expect(vi.getTimerCount()).toBe(1);
      pass(200);
      expect(vi.getTimerCount()).toBe(0);
      expect(String(await message.end)).toBe('late');
    });

    it('has one that was decompressed wait with its use, if that would cost more budget', async () => {
      const decompressor = new Decompressor();
      const [first, second, third] = [textOf('first'), textOf('second'), textOf('third')];
      expect(decompressor.allows(first, 1000, 0, 24 * MiB)).toBe(true);
      expect(decompressor.allows(second, 1000, 0, 24 * MiB)).toBe(false);
      expect(decompressor.allows(third, 1000, 0, 20_000)).toBe(true);
      pass(3900);
      expect(second.isAllowed).toBe(false);
      pass(200);
      expect(second.isAllowed).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('lets those that wait to be used go one by one, and decompresses none before them', async () => {
      const decompressor = new Decompressor();
      const grown = Array.from({ length: 3 }, () => textOf('grown'));
      decompressor.charge(1000, 0, 24 * MiB);
      for (const message of grown) decompressor.allows(message, 1000, 0, 24 * MiB);
      const next = textOf('next');
      decompressor.add(next);
      for (let allowed = 1; allowed <= grown.length; allowed += 1) {
        pass(6000);
        expect(grown.filter(({ isAllowed }) => isAllowed)).toHaveLength(allowed);
        expect(next.isOver).toBe(false);
        expect(vi.getTimerCount()).toBe(1);
      }
      pass(6100);
      expect(String(await next.end)).toBe('next');
    });

    it('has one that has used up budget go on at once', () => {
      const decompressor = new Decompressor();
      const [grown, other] = [textOf('grown'), textOf('other')];
      expect(decompressor.allows(grown, 1000, 0, 24 * MiB)).toBe(true);
      expect(decompressor.allows(grown, 1000, 24 * MiB, 48 * MiB)).toBe(true);
      expect(decompressor.allows(other, 1000, 0, 24 * MiB)).toBe(false);
      pass(9900);
      expect(other.isAllowed).toBe(false);
      pass(200);
      expect(other.isAllowed).toBe(true);
    });

    it('decompresses fewer at once while there is little budget', async () => {
      const decompressor = new Decompressor();
      decompressor.charge(1000, 0, 7 * MiB);
      const [first, second] = [textOf('first'), textOf('second')];
      decompressor.add(first);
      decompressor.add(second);
      expect(vi.getTimerCount()).toBe(1);
      expect(String(await first.end)).toBe('first');
      expect(String(await second.end)).toBe('second');
    });

    it('waits for nothing when nobody waits any more', async () => {
      const decompressor = new Decompressor();
      decompressor.charge(1000, 0, 1024 * MiB);
      const [message, grown] = [textOf('unwanted'), textOf('unwanted, too')];
      decompressor.add(message);
      decompressor.allows(grown, 1000, 0, 24 * MiB);
      decompressor.remove(message);
      decompressor.remove(grown);
      await new Promise((resolve) => process.nextTick(resolve));
      expect(vi.getTimerCount()).toBe(0);
    });

    it('lets those wait for nothing that are small, or as large as text usually becomes', async () => {
      const decompressor = new Decompressor();
      for (let i = 0; i < 100_000; i += 1) decompressor.charge(40, 0, 8192);
      for (let i = 0; i < 1000; i += 1) decompressor.charge(MiB, 0, 60 * MiB);
      const message = textOf('at once');
      decompressor.add(message);
      expect(String(await message.end)).toBe('at once');
    });
  });
});
