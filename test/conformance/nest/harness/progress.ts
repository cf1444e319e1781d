import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Text } from './protos.js';

/** Letters of each message. */
const LENGTH = 32 * 1024;

interface MessageWritable {
  write(message: Text): boolean;
}

/** How far the two ends of one stream are, which both run in this process. */
export class Progress {
  written = 0;
  read = 0;
  /** The most messages that were written and not yet read. */
  lead = 0;

  /** Writes as a well-behaved writer does: not before there is room. */
  async writeAll(stream: MessageWritable, count: number): Promise<void> {
    const message = { text: 'x'.repeat(LENGTH) };
    while (this.written < count) {
      const hasRoom = stream.write(message);
      this.written += 1;
      this.lead = Math.max(this.lead, this.written - this.read);
      if (!hasRoom) await once(stream as unknown as NodeJS.EventEmitter, 'drain');
    }
  }

  /** Takes a rest before each message that it reads, so that a writer could get far ahead. */
  async readSlowly(stream: AsyncIterable<Text>): Promise<void> {
    for await (const { text } of stream) {
      if (text.length !== LENGTH) throw new Error(`a message of ${text.length} letters`);
      this.read += 1;
      if (this.read % 4 === 0) await sleep(1);
    }
  }
}

const all = new Map<string, Progress>();

/** Of the stream of one scenario. */
export function progressOf(key: string): Progress {
  const progress = all.get(key) ?? new Progress();
  all.set(key, progress);
  return progress;
}
