import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stillInUse } from '../../fixtures/grpc/collected.js';
import { directions } from '../../fixtures/nest/pair.js';
import { startTalk } from '../../fixtures/connect/talk.js';

const MESSAGES = 50;

describe.each(directions)('the messages of a response stream, %s,', (direction) => {
  it('are released when they are read, not only at the end of the call', async () => {
    let end!: () => void;
    const { talk } = await startTalk(direction, {
      Listen: async (call) => {
        end = () => call.end();
        for (let i = 0; i < MESSAGES; i += 1) {
          if (!call.write({ text: String(i) })) await once(call, 'drain');
        }
      },
    });
    const read: WeakRef<object>[] = [];

    for await (const message of talk.listen({})) {
      read.push(new WeakRef(message));
      if (read.length < MESSAGES) continue;
      expect(await stillInUse(read)).toBeLessThan(5);
      end();
    }

    expect(read).toHaveLength(MESSAGES);
  });
});
