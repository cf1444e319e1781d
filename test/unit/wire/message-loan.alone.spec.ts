import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageBuffers, MessageLoan, ownSocket, WriteScheduler } from '../../../lib/wire/index.js';
import { stillInUse } from '../../fixtures/grpc/collected.js';
import { eventually } from '../../fixtures/nest/eventually.js';

vi.hoisted(() => {
  process.env['BACKCHANNEL_DEBUG_BUFFERS'] = 'overwrite';
});

const LENGTH = 1024 * 1024;
/** More than the buffers of the kernel take. */
const MANY = 16;
const OVERWRITTEN = 0xdb;

let server: Server;
let writer: Socket;
let reader: Socket;

beforeEach(async () => {
  server = createServer({ pauseOnConnect: true });
  const accepted = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  writer.on('error', () => {});
  reader = (await accepted)[0] as Socket;
});

afterEach(() => {
  writer.destroy();
  reader.destroy();
  server.close();
});

/** A message of `LENGTH` times `byte`, in a buffer of the pool. */
function lend(byte: number): Buffer {
  const buffer = messageBuffers.take(LENGTH);
  MessageLoan.begin(buffer, LENGTH);
  return buffer.fill(byte);
}

function schedulerOn(socket: Duplex): WriteScheduler<never> {
  return new WriteScheduler(socket, {
    blocked: false,
    onFlushStart() {},
    sendFrame() {},
    onFlushEnd() {},
  });
}

const isOverwritten = (message: Buffer): boolean => message.every((byte) => byte === OVERWRITTEN);

async function readAll(bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of reader.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length === bytes) break;
  }
  return Buffer.concat(chunks);
}

/** Resolves when a stalled socket takes nothing more. */
async function stalled(messages: readonly Buffer[]): Promise<Buffer[]> {
  let taken = -1;
  await vi.waitFor(() => {
    const before = taken;
    taken = writer.bytesWritten - writer.writableLength;
    expect(taken).toBe(before);
  });
  return messages.filter((message) => !isOverwritten(message));
}

describe('the buffer of a message', () => {
  it('returns to the pool when a socket of this library has taken all of its bytes', async () => {
    ownSocket(writer);
    const message = lend(1);
    schedulerOn(writer).writePayload(message);
    expect(message[0]).toBe(1);

    await eventually(() => isOverwritten(message)).toBe(true);
    expect(messageBuffers.take(LENGTH) === message).toBe(true);
  });

  it('stays as it is while the socket waits for its reader', async () => {
    ownSocket(writer);
    const scheduler = schedulerOn(writer);
    const messages = Array.from({ length: MANY }, (_, index) => lend(index));
    for (const message of messages) {
      scheduler.writePayload(message.subarray(0, LENGTH / 2));
      scheduler.writePayload(message.subarray(LENGTH / 2));
    }

    const waiting = await stalled(messages);

    expect(waiting.length).toBeGreaterThan(1);
    const all = await readAll(MANY * LENGTH);
    for (let i = 0; i < MANY; i += 1) {
      const part = all.subarray(i * LENGTH, (i + 1) * LENGTH);
      expect(part.equals(Buffer.alloc(LENGTH, i))).toBe(true);
    }
    await eventually(() => messages.every(isOverwritten)).toBe(true);
  });

  it('is left alone by a socket that somebody else has made', async () => {
    const message = lend(2);
    schedulerOn(writer).writePayload(message);
    await readAll(LENGTH);

    expect(message[0]).toBe(2);
    ownSocket(writer);
    schedulerOn(writer).writePayload(message);
    await readAll(LENGTH);
    expect(message[0]).toBe(2);
  });

  it('is left alone by a stream that is no socket, even if it says that it has taken it', async () => {
    const kept: Buffer[] = [];
    const keeper = new Duplex({
      write(chunk: Buffer, _encoding, done) {
        kept.push(chunk);
        done();
      },
    });
    ownSocket(keeper);
    const message = lend(3);
    await new Promise<void>((resolve) => {
      schedulerOn(keeper).writePayload(message);
      keeper.write('end', () => resolve());
    });

    expect(kept[0]!.equals(Buffer.alloc(LENGTH, 3))).toBe(true);
    expect(message[0]).toBe(3);
  });

  it('is left to the garbage collector if the socket closes before a write began', async () => {
    ownSocket(writer);
    const scheduler = schedulerOn(writer);
    const send = (): WeakRef<object>[] => {
      const messages = Array.from({ length: MANY }, (_, index) => lend(index));
      for (const message of messages) scheduler.writePayload(message);
      return messages.map((message) => new WeakRef(message.buffer));
    };
    const sent = send();
    const spare = messageBuffers.spareBytes;

    writer.destroy();
    await once(writer, 'close');

    expect(messageBuffers.spareBytes).toBeLessThan(spare + MANY * LENGTH);
    await eventually(() => stillInUse(sent)).toBeLessThan(MANY / 2);
  });

  it('does not return while a retry buffer holds it', async () => {
    ownSocket(writer);
    const message = lend(4);
    const loan = MessageLoan.of(message)!;
    loan.hold();
    schedulerOn(writer).writePayload(message);
    await readAll(LENGTH);
    await new Promise<void>((resolve) => writer.write('end', () => resolve()));
    expect(message[0]).toBe(4);

    loan.release();

    expect(isOverwritten(message)).toBe(true);
  });

  it('does not return after it was forfeited', async () => {
    ownSocket(writer);
    const message = lend(5);
    MessageLoan.of(message)!.forfeit();
    schedulerOn(writer).writePayload(message);
    await readAll(LENGTH);
    await new Promise<void>((resolve) => writer.write('end', () => resolve()));

    expect(message[0]).toBe(5);
  });
});
