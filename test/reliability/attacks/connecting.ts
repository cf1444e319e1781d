import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PREFACE } from '../../fixtures/http2/raw-client.js';
import { D, SYN, W } from '../../fixtures/yamux-frames.js';
import type { Attack } from './attack.js';
import { GREETING, MAGIC } from './frames.js';

const PER_SECOND = 200;

/** Milliseconds between two bytes of one that trickles. */
const TRICKLE_MS = 150;

/** Ever new connections, which say `start` and nothing more, and stay for as long as they may. */
function silent(what: string, start: Buffer, boundMiB?: number): Attack {
  return {
    what,
    unit: 'connections',
    ...(boundMiB !== undefined && { boundMiB }),
    run: (target) =>
      target.pace(PER_SECOND, (due) => {
        for (let i = 0; i < due; i++) {
          void target.connect().then((socket) => {
            socket.resume();
            if (start.length > 0) socket.write(start);
          });
        }
        return due;
      }),
  };
}

/** Attacks on the way to being connected. */
export const connecting: readonly Attack[] = [
  {
    what: 'connect and drop',
    unit: 'connections',
    run: (target) =>
      target.pace(PER_SECOND, (due) => {
        for (let i = 0; i < due; i++) {
          const how = i % 2 === 0 ? 'resetAndDestroy' : 'end';
          void target.connect().then((socket) => target.drop(socket, how));
        }
        return due;
      }),
  },
  silent('connect and say nothing', Buffer.alloc(0)),
  {
    what: 'the magic, byte by byte',
    unit: 'connections',
    run: (target) =>
      target.pace(PER_SECOND, (due) => {
        for (let i = 0; i < due; i++) {
          void target.connect().then(async (socket) => {
            socket.resume();
            for (const byte of MAGIC) {
              if (!socket.writable) return;
              socket.write(Buffer.of(byte));
              await sleep(TRICKLE_MS);
            }
          });
        }
        return due;
      }),
  },
  silent('the magic, and no stream', MAGIC),
  silent('a stream, and no HTTP/2', Buffer.concat([MAGIC, W(SYN, 1, 0)]), 128),
  silent(
    'the preface, and no settings',
    Buffer.concat([MAGIC, W(SYN, 1, 0), D(0, 1, PREFACE)]),
    128,
  ),
  silent(
    'settings, and no acknowledgement',
    Buffer.concat([MAGIC, W(SYN, 1, 0), D(0, 1, GREETING)]),
    128,
  ),
  {
    what: 'random bytes behind the magic',
    unit: 'connections',
    run: (target) =>
      target.pace(PER_SECOND, (due) => {
        for (let i = 0; i < due; i++) {
          void target.connect().then((socket) => {
            socket.resume();
            socket.write(Buffer.concat([MAGIC, randomBytes(256)]));
          });
        }
        return due;
      }),
  },
];
