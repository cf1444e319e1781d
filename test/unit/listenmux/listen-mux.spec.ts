import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ListenMux } from '../../../lib/listenmux/index.js';
import { handshaker, readAll, readExactly, useListenMux } from '../../fixtures/listen-mux.js';
import { PushedSocket } from '../../fuzz/server/pushed-socket.js';

const MAGIC = 'testmagic11';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

describe('ListenMux', () => {
  const createMux = useListenMux();

  it('LM-02 finds the magic in any segmentation and loses nothing behind it', async () => {
    for (let split = 1; split < MAGIC.length + 4; split++) {
      const { mux, dial, nextServed } = bind(await createMux());
      mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'peer' })));
      const client = await dial();
      const bytes = Buffer.from(`${MAGIC}ping`);
      client.write(bytes.subarray(0, split));
      await new Promise(setImmediate);
      client.write(bytes.subarray(split));

      const { stream, context } = await nextServed();
      expect(context).toBe('peer');
      expect(await readExactly(stream, 4)).toBe('ping');
    }
  });

  it('LM-02 finds the magic when every byte comes alone', async () => {
    const { mux, dial, nextServed } = bind(await createMux());
    mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'peer' })));
    const client = await dial();
    for (const byte of Buffer.from(`${MAGIC}ping`)) {
      client.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect(await readExactly((await nextServed()).stream, 4)).toBe('ping');
  });

  it.each([
    ['a magic', MAGIC, 'peer', 'ping'],
    ['no magic', 'testmagic00', undefined, 'testmagic00ping'],
  ])(
    'LM-02 tells %s that comes in several pieces at once',
    async (_what, start, expected, rest) => {
      const served: { stream: Duplex; context: string | undefined }[] = [];
      const mux = new ListenMux<string>({ onConnection: (one) => void served.push(one) });
      mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'peer' })));
      const socket = new PushedSocket();
      mux.handle(socket);

      for (const piece of [start.slice(0, 4), start.slice(4, 9), `${start.slice(9)}ping`]) {
        socket.push(piece);
      }
      await new Promise(setImmediate);

      expect(served.map(({ context }) => context)).toEqual([expected]);
      expect(await readExactly(served[0]!.stream, rest.length)).toBe(rest);
      socket.destroy();
    },
  );

  it('takes a connection that its carrier hands over while it reads from it', async () => {
    const served: Duplex[] = [];
    const mux = new ListenMux<string>({ onConnection: ({ stream }) => void served.push(stream) });
    mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'peer' })));
    const socket = new PushedSocket();
    socket.once('readable', () => {
      expect(socket.read(6)).toEqual(Buffer.from('ticket'));
      mux.handle(socket);
    });

    socket.push(`ticket${MAGIC}ping`);
    await new Promise(setImmediate);

    expect(served).toHaveLength(1);
    expect(await readExactly(served[0]!, 4)).toBe('ping');
    socket.destroy();
  });

  it('LM-03 passes a plain connection on, whole, however its first bytes are split', async () => {
    for (let split = 1; split < PREFACE.length; split++) {
      const { mux, dial, nextServed } = bind(await createMux());
      mux.register(handshaker(() => Promise.reject(new Error('called for a plain client'))));
      const client = await dial();
      client.write(PREFACE.slice(0, split));
      await new Promise(setImmediate);
      client.write(PREFACE.slice(split));

      const { stream, socket, context } = await nextServed();
      expect(stream).toBe(socket);
      expect(context).toBeUndefined();
      expect(await readExactly(stream, PREFACE.length)).toBe(PREFACE);
    }
  });

  it('passes everything on when no handshaker is registered', async () => {
    const { dial, nextServed } = bind(await createMux());
    const client = await dial();
    client.end(`${MAGIC}ping`);
    expect(await readAll((await nextServed()).stream)).toBe(`${MAGIC}ping`);
  });

  it('decides at the first byte that no magic shares, without waiting for more', async () => {
    const { mux, dial, nextServed } = bind(await createMux());
    mux.register(handshaker(() => Promise.reject(new Error('called for a plain client'))));
    const client = await dial();
    client.write('P');
    expect(await readExactly((await nextServed()).stream, 1)).toBe('P');
  });

  it.each(['testma', 'testmagic1', ''])(
    'LM-04 takes a connection that ends within the magic for a plain one: %j',
    async (start) => {
      const { mux, dial, nextServed } = bind(await createMux());
      mux.register(handshaker(() => Promise.reject(new Error('called for a plain client'))));
      const client = await dial();
      client.end(start);
      expect(await readAll((await nextServed()).stream)).toBe(start);
    },
  );

  it.each(['testmagic1X', 'Testmagic11', 'testmagic1\0'])(
    'LM-04 takes a near miss for a plain connection and replays it: %j',
    async (start) => {
      const { mux, dial, nextServed } = bind(await createMux());
      mux.register(handshaker(() => Promise.reject(new Error('called for a plain client'))));
      const client = await dial();
      client.end(`${start}more`);
      expect(await readAll((await nextServed()).stream)).toBe(`${start}more`);
    },
  );

  it('tells several magics apart', async () => {
    const { mux, dial, nextServed } = bind(await createMux());
    for (const magic of ['testmagic11', 'testmagic12', 'other magic']) {
      mux.register(handshaker((stream) => Promise.resolve({ stream, context: magic }), magic));
    }
    for (const magic of ['testmagic12', 'other magic', 'testmagic11']) {
      const client = await dial();
      client.write(magic);
      expect((await nextServed()).context).toBe(magic);
    }
  });

  it('LM-05 closes a connection that does not say in time what it is', async () => {
    const { mux, dial, nextError } = bind(await createMux({ handshakeTimeoutMs: 30 }));
    mux.register(handshaker(() => Promise.reject(new Error('called for a silent client'))));
    const client = await dial();
    client.write('test');
    expect((await nextError()).message).toBe('no complete handshake within 30 ms');
    await closed(client);
    expect(mux.pendingCount).toBe(0);
  });

  it('LM-05 closes a connection whose handshaker does not finish in time', async () => {
    const { mux, dial, nextError } = bind(await createMux({ handshakeTimeoutMs: 30 }));
    mux.register(
      handshaker(async (socket) => {
        await once(socket, 'close');
        throw new Error('closed during the handshake');
      }),
    );
    const client = await dial();
    client.write(MAGIC);
    await closed(client);
    expect((await nextError()).message).toBe('no complete handshake within 30 ms');
  });

  it('leaves a connection alone once it is served, however long it takes', async () => {
    const { dial, nextServed, mux } = bind(await createMux({ handshakeTimeoutMs: 30 }));
    const client = await dial();
    client.write('x');
    const { stream } = await nextServed();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(stream.destroyed).toBe(false);
    expect(mux.pendingCount).toBe(0);
  });

  it('LM-06 survives a connection that is reset while it is peeked at', async () => {
    const { mux, dial, nextError, sockets } = bind(await createMux());
    mux.register(handshaker(() => Promise.reject(new Error('called for a broken client'))));
    const client = await dial();
    client.write('test');
    while (![...sockets].some((socket) => socket.bytesRead === 4)) {
      await new Promise(setImmediate);
    }
    client.resetAndDestroy();
    expect(await nextError()).toBeInstanceOf(Error);
    expect(mux.pendingCount).toBe(0);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('LM-08 closes the connection at once when a handshaker %s', async (_how, handshake) => {
    const { mux, dial, nextError } = bind(await createMux());
    mux.register(handshaker(handshake));
    const client = await dial();
    client.write(MAGIC);
    expect(await readAll(client)).toBe('');
    expect((await nextError()).message).toBe('no');
  });

  it('LM-09 leaves the socket to a handshaker that keeps it', async () => {
    const { mux, dial, served, errors } = bind(await createMux());
    mux.register(
      handshaker(async (socket) => {
        socket.write(`got ${await readExactly(socket, 4)}`);
        return undefined;
      }),
    );
    const client = await dial();
    client.write(`${MAGIC}ping`);
    expect(await readExactly(client, 8)).toBe('got ping');
    expect(client.destroyed).toBe(false);
    expect([served, errors]).toEqual([[], []]);
    expect(mux.pendingCount).toBe(0);
  });

  it('closes a connection whose server throws, and goes on', async () => {
    const failing = await createMux({
      onConnection: () => {
        throw new Error('cannot serve');
      },
    });
    const first = await failing.dial();
    first.write('x');
    await closed(first);
    expect((await failing.nextError()).message).toBe('cannot serve');
    const second = await failing.dial();
    second.write('x');
    await closed(second);
  });

  it('close() ends the connections that are not yet served, and no other', async () => {
    const { mux, dial, nextServed, nextError } = bind(await createMux());
    mux.register(handshaker(() => Promise.reject(new Error('called for a silent client'))));
    const served = await dial();
    served.write('x');
    const { stream } = await nextServed();
    const pending = await dial();
    pending.write('test');
    while (mux.pendingCount === 0) await new Promise(setImmediate);

    mux.close();

    await closed(pending);
    expect(await nextError()).toBeInstanceOf(Error);
    expect(stream.destroyed).toBe(false);
  });

  it('LM-07 serves 50 multiplexed and 50 plain clients at once, and mixes none up', async () => {
    const { mux, dial } = bind(
      await createMux({
        onConnection: ({ stream, context }) => {
          stream.write(`${context ?? 'plain'}:`);
          stream.pipe(stream);
        },
      }),
    );
    mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'multiplexed' })));
    const replies = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const client = await dial();
        client.end(i % 2 === 0 ? `${MAGIC}client ${i}` : `client ${i}`);
        return readAll(client);
      }),
    );
    expect(replies).toEqual(
      replies.map((_, i) => `${i % 2 === 0 ? 'multiplexed' : 'plain'}:client ${i}`),
    );
  });

  it.each(['tenletters', 'twelve chars', 'elf zeichen\u00fc', '\u00fcber-elf-i', '', 11 as never])(
    'refuses a magic that has not exactly 11 bytes of ASCII: %j',
    (magic) => {
      const mux = new ListenMux({ onConnection: () => {} });
      expect(() => mux.register({ magic, handshake: () => Promise.resolve(undefined) })).toThrow(
        /it must have 11 bytes of ASCII/,
      );
    },
  );

  it('refuses a magic that is taken', () => {
    const mux = new ListenMux<string>({ onConnection: () => {} });
    mux.register(handshaker(() => Promise.resolve(undefined)));
    expect(() => mux.register(handshaker(() => Promise.resolve(undefined)))).toThrow(
      /already registered/,
    );
  });

  it.each([-1, 1.5, Number.NaN])('refuses a bad handshakeTimeoutMs: %d', (handshakeTimeoutMs) => {
    expect(() => new ListenMux({ onConnection: () => {}, handshakeTimeoutMs })).toThrow(
      /"handshakeTimeoutMs" must be/,
    );
  });
});

/** Unlike `once(socket, 'close')` this does not mind a reset: the other end may have left data unread. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()));
}

/** Methods that can be taken apart. */
function bind(underTest: Awaited<ReturnType<ReturnType<typeof useListenMux>>>) {
  return {
    mux: underTest.mux,
    served: underTest.served,
    errors: underTest.errors,
    sockets: underTest.sockets,
    dial: () => underTest.dial(),
    nextServed: () => underTest.nextServed(),
    nextError: () => underTest.nextError(),
  };
}
