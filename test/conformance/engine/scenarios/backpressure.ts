import { Metadata } from '@grpc/grpc-js';
import { Journal } from '../harness/journal.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { bytes } from '../harness/test-service.js';
import { callBidi, callClientStream, callServerStream } from '../harness/watch.js';

const MESSAGE = Buffer.alloc(16 * 1024, 'm');
const MANY = 1_000;

/** More than windows and buffers of both ends hold; far less than all. */
const BOUND = 500;

interface Writer {
  write(message: Buffer): boolean;
  once(event: 'drain', listener: () => void): unknown;
  end(): unknown;
}

/** Writes `MANY` messages, as far as the other end lets it; `journal` says where it stands. */
function writeMany(writer: Writer, journal: Journal): { written: () => number } {
  let written = 0;
  const go = (): void => {
    while (written < MANY) {
      written += 1;
      if (writer.write(MESSAGE)) continue;
      journal.note('full');
      writer.once('drain', go);
      return;
    }
    writer.end();
  };
  go();
  return { written: () => written };
}

/** Resolves when `count` has not changed for a while: the writer is stuck. */
async function standstill(count: () => number): Promise<number> {
  for (;;) {
    const before = count();
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    if (count() === before && before > 0) return before;
  }
}

/** Who reads slowly makes the other end write slowly. */
export const backpressure: readonly Scenario[] = [
  scenario(
    'a client that does not read holds a server stream back',
    async (lab) => {
      const server = new Journal();
      let written!: () => number;
      const { stub } = await lab.open({
        codec: bytes,
        handlers: { serverStream: (call) => void ({ written } = writeMany(call, server)) },
      });
      const { call, journal } = callServerStream(stub, MESSAGE, { reading: false });
      let received = 0;
      call.on('data', () => (received += 1));
      call.once('data', () => call.pause());
      await server.when('full');
      const stuckAt = await standstill(written);
      call.resume();
      await journal.whenAll('status', 'close');
      return { heldBack: stuckAt < BOUND, received, status: journal.only('status') };
    },
    { heldBack: true, received: MANY },
  ),
  scenario(
    // grpc-js reads without bounds before the first message is asked for.
    'a client that has not begun to read holds a server stream back',
    async (lab) => {
      const server = new Journal();
      let written!: () => number;
      const { stub } = await lab.open({
        codec: bytes,
        handlers: { serverStream: (call) => void ({ written } = writeMany(call, server)) },
      });
      const { call, journal } = callServerStream(stub, MESSAGE, { reading: false });
      await server.when('full');
      const stuckAt = await standstill(written);
      let received = 0;
      call.on('data', () => (received += 1));
      await journal.whenAll('status', 'close');
      return { heldBack: stuckAt < BOUND, received, status: journal.only('status') };
    },
    { received: MANY },
  ),
  scenario(
    'a handler that does not read holds a client stream back',
    async (lab) => {
      const client = new Journal();
      const server = new Journal();
      let read!: () => void;
      let received = 0;
      const { stub } = await lab.open({
        codec: bytes,
        handlers: {
          clientStream: (call, callback) => {
            read = () => {
              call.on('data', () => (received += 1));
              call.on('end', () => callback(null, Buffer.from('all')));
            };
            server.note('called');
          },
        },
      });
      const { call, journal } = callClientStream(stub);
      const { written } = writeMany(call, client);
      await server.when('called');
      const stuckAt = await standstill(written);
      read();
      await journal.when('status');
      return { heldBack: stuckAt < BOUND, received, full: client.count('full') > 0 };
    },
    { heldBack: true, received: MANY, full: true },
  ),
  scenario(
    'each direction of a bidirectional stream is held back on its own',
    async (lab) => {
      const client = new Journal();
      let received = 0;
      const { stub } = await lab.open({
        codec: bytes,
        handlers: {
          bidi: (call) => {
            // Reads nothing before the client says so, but writes.
            call.write(Buffer.from('go'));
            call.once('end', () => call.end());
            call.on('readable', () => {
              if (received === 0 && !released) return;
              while (call.read() !== null) received += 1;
            });
            release = () => {
              released = true;
              while (call.read() !== null) received += 1;
            };
          },
        },
      });
      let released = false;
      let release!: () => void;
      const { call, journal } = callBidi(stub);
      await journal.when('data');
      const { written } = writeMany(call, client);
      const stuckAt = await standstill(written);
      release();
      await journal.whenAll('status', 'close');
      return { heldBack: stuckAt < BOUND, received, answers: journal.count('data') };
    },
    { heldBack: true, received: MANY, answers: 1 },
  ),
  scenario(
    'one stream that is not read does not hold the others back',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        codec: bytes,
        handlers: {
          serverStream: (call) => void writeMany(call, server),
          unary: (call, callback) => callback(null, call.request),
        },
      });
      const { call, journal } = callServerStream(stub, MESSAGE, { reading: false });
      await server.when('full');
      const answers = [];
      for (let count = 0; count < 10; count += 1) {
        answers.push(
          await new Promise((resolve) => {
            stub.unary(MESSAGE, new Metadata(), {}, (error, value: Buffer) =>
              resolve(error ?? value.length),
            );
          }),
        );
      }
      call.cancel();
      call.resume();
      await journal.when('status');
      return { answers };
    },
    { answers: Array(10).fill(MESSAGE.length) },
  ),
  scenario(
    'write() tells when it was enough, and drain when there is room again',
    async (lab) => {
      const { stub } = await lab.open({
        codec: bytes,
        handlers: {
          clientStream: (call, callback) => {
            call.resume().on('end', () => callback(null, Buffer.from('all')));
          },
        },
      });
      const { call, journal } = callClientStream(stub);
      call.on('drain', () => journal.note('drain'));
      const returned = [];
      for (let count = 0; count < 20; count += 1) returned.push(call.write(MESSAGE));
      await journal.when('drain');
      call.end();
      await journal.when('status');
      return { returned, drains: journal.count('drain') };
    },
    { returned: [...Array(15).fill(true), ...Array(5).fill(false)], drains: 1 },
  ),
];
