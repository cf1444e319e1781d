import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  freeMemory,
  InputTurns,
  lendSocket,
  ownSocket,
  type InputReader,
} from '../../../lib/wire/index.js';
import { pem } from '../../fixtures/nest/tls.js';

// Freed memory is overwritten, which can be seen on every version of Node.
vi.hoisted(() => (process.env['BACKCHANNEL_DEBUG_BUFFERS'] = 'overwrite'));

/** Enough for a chunk whose memory is worth freeing, and not too much for one chunk. */
const LARGE = 16 * 1024;
const SMALL = 1000;

const closing: (() => unknown)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** Both ends of a connection: the sending and the receiving one. */
async function socketPair(): Promise<[Duplex, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  closing.push(() => [near.destroy(), far.destroy(), server.close()]);
  return [near, far];
}

async function tlsPair(): Promise<[Duplex, Socket]> {
  const server = createTlsServer({ cert: pem('server'), key: pem('server-key') });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const near = connectTls({ port, host: '127.0.0.1', ca: pem('ca'), servername: 'localhost' });
  const [far] = (await once(server, 'secureConnection')) as [Socket];
  closing.push(() => [near.destroy(), far.destroy(), server.close()]);
  return [near, far];
}

/** Keeps all chunks that it reads, against the rule. */
class Keeper implements InputReader {
  readonly chunks: Buffer[] = [];
  #bytes = 0;
  #onRead: (() => void) | undefined;

  read(chunk: Buffer): number {
    this.chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#onRead?.();
    return chunk.length;
  }

  onEnd(): void {}
  onError(): void {}
  onClose(): void {}

  /** Resolves when `bytes` have been read, and their chunks released. */
  async until(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onRead = () => {
        if (this.#bytes >= bytes) setImmediate(resolve);
      };
      this.#onRead();
    });
  }

  /** Whether the bytes that were read are as sent: no chunk of them is free. */
  get areValid(): boolean {
    return this.chunks.every((chunk) => chunk.every((byte) => byte === 1));
  }
}

async function send(near: Duplex, keeper: Keeper, bytes = LARGE): Promise<void> {
  near.write(Buffer.alloc(bytes, 1));
  await keeper.until(bytes);
}

describe('the memory of chunks of input', () => {
  it('is freed once they were read, on an own socket', async () => {
    const [near, far] = await socketPair();
    ownSocket(far);
    const keeper = new Keeper();
    InputTurns.begin(far, keeper);
    await send(near, keeper);
    expect(keeper.areValid).toBe(false);
  });

  it.each<[string, (far: Socket, input: InputTurns) => unknown]>([
    ['a view of them escaped', (_far, input) => input.keepChunk()],
    ['something else listens to the socket', (far) => far.on('data', () => {})],
    ['something else reads from the socket', (far) => far.on('readable', () => {})],
  ])('is not freed if %s', async (_what, act) => {
    const [near, far] = await socketPair();
    ownSocket(far);
    const keeper = new Keeper();
    const input = InputTurns.begin(far, {
      read: (chunk) => {
        act(far, input);
        return keeper.read(chunk);
      },
      onEnd: () => {},
      onError: () => {},
      onClose: () => {},
    });
    await send(near, keeper);
    expect(keeper.areValid).toBe(true);
  });

  it.each<[string, (far: Socket) => unknown]>([
    ['nobody said that the socket is our own', () => {}],
    ['the socket is of the application', (far) => [lendSocket(far), ownSocket(far)]],
    ['the socket was our own first', (far) => [ownSocket(far), lendSocket(far)]],
  ])('is not freed if %s', async (_what, mark) => {
    const [near, far] = await socketPair();
    mark(far);
    const keeper = new Keeper();
    InputTurns.begin(far, keeper);
    await send(near, keeper);
    expect(keeper.areValid).toBe(true);
  });

  it('is not freed if a listener that saw them has left', async () => {
    const [near, far] = await socketPair();
    ownSocket(far);
    const keeper = new Keeper();
    far.once('data', () => {});
    InputTurns.begin(far, keeper);
    await send(near, keeper);
    expect(keeper.areValid).toBe(true);
  });

  it('is not freed on a socket of a class of the application', async () => {
    class InMemory extends Socket {
      override _read(): void {}
    }
    const socket = new InMemory();
    ownSocket(socket);
    const keeper = new Keeper();
    InputTurns.begin(socket, keeper);
    await nextTurn(); // From now on, the stream flows.
    socket.push(Buffer.alloc(LARGE, 1));
    await keeper.until(LARGE);
    expect(keeper.areValid).toBe(true);
  });

  it('is not freed if an earlier reader may have seen them', async () => {
    const [near, far] = await socketPair();
    ownSocket(far);
    near.write(Buffer.alloc(LARGE, 1));
    const [chunk] = (await once(far, 'data')) as [Buffer];
    far.pause();
    far.unshift(chunk);
    const keeper = new Keeper();
    InputTurns.begin(far, keeper);
    far.resume();
    await keeper.until(chunk.length);
    expect(chunk.every((byte) => byte === 1)).toBe(true);
  });

  it('is not freed if they are small, so that they may be kept', async () => {
    const [near, far] = await socketPair();
    ownSocket(far);
    const keeper = new Keeper();
    InputTurns.begin(far, keeper);
    await send(near, keeper, SMALL);
    expect(keeper.areValid).toBe(true);
  });

  it('is not freed under TLS if chunks share it', async () => {
    const [near, far] = await tlsPair();
    ownSocket(far);
    const keeper = new Keeper();
    InputTurns.begin(far, keeper);
    await send(near, keeper);
    const shared = keeper.chunks.filter((chunk) => chunk.length < chunk.buffer.byteLength);
    expect(shared.every((chunk) => chunk.every((byte) => byte === 1))).toBe(true);
  });

  it('is never freed on a stream that is no socket', async () => {
    class Input extends Duplex {
      override _read(): void {}
    }
    const input = new Input();
    ownSocket(input);
    const keeper = new Keeper();
    InputTurns.begin(input, keeper);
    input.push(Buffer.alloc(LARGE, 1));
    await keeper.until(LARGE);
    expect(keeper.areValid).toBe(true);
  });

  it('is copied if a lent chunk has to wait for the next turn', async () => {
    class Lending extends Duplex {
      override _read(): void {}
      borrowChunks(): void {}
      keepChunk(): void {}
    }
    const input = new Lending();
    const read: Buffer[] = [];
    InputTurns.begin(input, {
      // The first call reads half of the chunk, as if its time were up.
      read: (chunk, start) => {
        const end = start === 0 ? chunk.length / 2 : chunk.length;
        read.push(Buffer.from(chunk.subarray(start, end)));
        return end;
      },
      onEnd: () => {},
      onError: () => {},
      onClose: () => {},
    });
    const chunk = Buffer.alloc(LARGE, 1);
    await nextTurn(); // From now on, the stream flows.
    input.push(chunk);
    chunk.fill(0);
    await vi.waitFor(() => expect(read).toHaveLength(2));
    expect(Buffer.concat(read).every((byte) => byte === 1)).toBe(true);
  });

  it('is overwritten in this mode, in place of being freed', () => {
    const bytes = Buffer.alloc(LARGE, 1);
    freeMemory(bytes);
    expect(bytes).toHaveLength(LARGE);
    expect(bytes.includes(1)).toBe(false);
  });
});
