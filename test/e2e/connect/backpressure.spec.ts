import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { directions } from '../../fixtures/nest/pair.js';
import { startTalk } from '../../fixtures/connect/talk.js';

const MESSAGES = 400;
const padding = new Uint8Array(64 * 1024);
/** Bound of what windows, sockets and streams of both ends hold, in messages: 8 MiB. */
const MOST_AHEAD = 128;

/** Counts how far a sender is ahead of a reader. */
class Lead {
  #sent = 0;
  #read = 0;
  most = 0;

  send(): void {
    this.#sent += 1;
    this.most = Math.max(this.most, this.#sent - this.#read);
  }

  /** Reads one message slowly: a sender that nothing holds back is done in the meantime. */
  async read(): Promise<void> {
    this.#read += 1;
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  }
}

describe.each(directions)('a stream of a client of Connect, %s,', (direction) => {
  it('holds back a sender whose response is read slowly', async () => {
    const lead = new Lead();
    const { talk } = await startTalk(direction, {
      Listen: async (call) => {
        for (let i = 0; i < MESSAGES; i += 1) {
          lead.send();
          if (!call.write({ padding })) await once(call, 'drain');
        }
        call.end();
      },
    });
    let received = 0;

    for await (const message of talk.listen({})) {
      received += message.padding.length;
      await lead.read();
    }

    expect(received).toBe(MESSAGES * padding.length);
    expect(lead.most).toBeLessThan(MOST_AHEAD);
  });

  it('takes no more of a request than the other end reads', async () => {
    const lead = new Lead();
    const { talk } = await startTalk(direction, {
      Tell: async (call, callback) => {
        let count = 0;
        for await (const _ of call) {
          count += 1;
          await lead.read();
        }
        callback(null, { text: String(count) });
      },
    });
    async function* request() {
      for (let i = 0; i < MESSAGES; i += 1) {
        lead.send();
        yield { padding };
      }
    }

    expect((await talk.tell(request())).text).toBe(String(MESSAGES));
    expect(lead.most).toBeLessThan(MOST_AHEAD);
  });
});
