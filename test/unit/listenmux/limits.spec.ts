import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ListenMux, type ListenMuxOptions } from '../../../lib/listenmux/index.js';
import { handshaker, readExactly, useListenMux } from '../../fixtures/listen-mux.js';
import { eventually } from '../../fixtures/nest/eventually.js';

/** A connection that its other end says nothing on. */
class SilentConnection extends Duplex {
  constructor(readonly remoteAddress?: string) {
    super({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  }
}

describe('limits of a listener', () => {
  const createMux = useListenMux();

  /** A mux with limits whose connections echo what they get once they are served. */
  async function startEcho(limits: Partial<ListenMuxOptions<string>>) {
    return createMux({ ...limits, onConnection: ({ stream }) => void stream.pipe(stream) });
  }

  type Echo = Awaited<ReturnType<typeof startEcho>>;

  /** A client that is served. */
  async function served(echo: Echo) {
    const client = await echo.dial();
    client.write('x');
    expect(await readExactly(client, 1)).toBe('x');
    return client;
  }

  async function refused(echo: Echo): Promise<Error> {
    const client = await echo.dial();
    client.resume();
    if (!client.destroyed) await once(client, 'close');
    return echo.nextError();
  }

  it('closes who comes when maxConnections are open, and nobody else', async () => {
    const echo = await startEcho({ maxConnections: 2 });
    const clients = [await served(echo), await served(echo)];

    expect(await refused(echo)).toMatchObject({
      name: 'ListenMuxError',
      code: 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS',
      message: '2 connections are open ("maxConnections")',
    });

    expect(echo.mux.connectionCount).toBe(2);
    for (const client of clients) {
      client.write('y');
      expect(await readExactly(client, 1)).toBe('y');
    }
  });

  it('has room again when one has closed', async () => {
    const echo = await startEcho({ maxConnections: 1 });
    const client = await served(echo);
    await refused(echo);

    client.destroy();

    await eventually(() => echo.mux.connectionCount).toBe(0);
    await served(echo);
  });

  it('closes who comes when maxHandshakes shake hands; who is served does not count', async () => {
    const echo = await startEcho({ maxHandshakes: 1 });
    echo.mux.register(handshaker(() => Promise.reject(new Error('called for who is silent'))));
    await served(echo);
    await served(echo);
    const silent = await echo.dial();
    await eventually(() => echo.mux.pendingCount).toBe(1);

    expect(await refused(echo)).toMatchObject({
      code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES',
      message: '1 connections shake hands ("maxHandshakes")',
    });

    silent.destroy();
    await eventually(() => echo.mux.connectionCount).toBe(2);
    await served(echo);
  });

  it('counts who waits for its handshaker as one that shakes hands', async () => {
    const echo = await startEcho({ maxHandshakes: 1 });
    let letIn!: () => void;
    const answered = new Promise<void>((resolve) => (letIn = resolve));
    echo.mux.register(handshaker((stream) => answered.then(() => ({ stream, context: 'peer' }))));
    const waiting = await echo.dial();
    waiting.write('testmagic11z');
    await eventually(() => echo.mux.connectionCount).toBe(1);

    expect(await refused(echo)).toMatchObject({ code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES' });

    letIn();
    expect(await readExactly(waiting, 1)).toBe('z');
    await served(echo);
  });

  it('still counts who shakes hands when others were served and have gone', async () => {
    const echo = await startEcho({ maxHandshakes: 1 });
    echo.mux.register(handshaker(() => Promise.reject(new Error('called for who is silent'))));
    const clients = [await served(echo), await served(echo)];
    for (const client of clients) client.destroy();
    await eventually(() => echo.mux.connectionCount).toBe(0);

    await echo.dial();
    await eventually(() => echo.mux.pendingCount).toBe(1);

    expect(await refused(echo)).toMatchObject({ code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES' });
  });

  it('still counts them when a handshaker is through with one that has closed', async () => {
    const echo = await startEcho({ maxHandshakes: 1 });
    let isThrough = false;
    echo.mux.register(
      handshaker(async (socket) => {
        socket.destroy();
        await once(socket, 'close');
        isThrough = true;
        return undefined;
      }),
    );
    (await echo.dial()).write('testmagic11');
    await eventually(() => isThrough).toBe(true);
    await echo.mux.settled();

    await echo.dial();
    await eventually(() => echo.mux.pendingCount).toBe(1);

    expect(await refused(echo)).toMatchObject({ code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES' });
  });

  it('counts no connection that failed or was kept by its handshaker longer than it is open', async () => {
    const underTest = await createMux({ handshakeTimeoutMs: 50 });
    const { mux, errors } = underTest;
    mux.register(handshaker(() => Promise.reject(new Error('no')), 'testmagic11'));
    mux.register(handshaker(() => Promise.resolve(undefined), 'testmagic22'));
    const [failing, kept, silent] = [
      await underTest.dial(),
      await underTest.dial(),
      await underTest.dial(),
    ];
    for (const client of [failing, kept, silent]) client.resume();
    failing.write('testmagic11');
    kept.write('testmagic22');
    await eventually(() => errors.length).toBe(2);
    await eventually(() => mux.connectionCount).toBe(1);

    kept.resetAndDestroy();

    await eventually(() => mux.connectionCount).toBe(0);
  });

  describe('of one address', () => {
    const codesOf = (limits: Partial<ListenMuxOptions<undefined>>, addresses: string[]) => {
      const codes: unknown[] = [];
      const mux = new ListenMux({
        ...limits,
        onConnection: () => {},
        onHandshakeError: (error) => codes.push((error as { code?: unknown }).code),
      });
      mux.register({ magic: 'testmagic11', handshake: () => Promise.resolve(undefined) });
      const connections = addresses.map((address) => new SilentConnection(address));
      for (const connection of connections) mux.handle(connection);
      return { codes, mux, connections };
    };

    it.each([
      ['an IPv4 address', ['10.0.0.1', '10.0.0.1']],
      ['an IPv4 address as a socket for both families gives it', ['10.0.0.1', '::ffff:10.0.0.1']],
      ['an IPv6 address', ['2001:db8::1', '2001:db8::1']],
      ['an IPv6 network of 64 bits', ['2001:db8:0:7::1', '2001:db8:0:7:a:b:c:d']],
      ['such a network in the middle of a gap', ['2001:db8::5:6:7:8:9', '2001:db8:0:5::1']],
      ['a link-local one, on whatever interface', ['fe80::1%eth0', 'fe80::2%eth1']],
      ['the loopback', ['::1', '::1']],
    ])('counts %s as one', (_what, addresses) => {
      const { codes, connections } = codesOf({ maxConnectionsPerAddress: 1 }, addresses);

      expect(codes).toEqual(['ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS']);
      expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, true]);
    });

    it.each([
      ['two IPv4 addresses', ['10.0.0.1', '10.0.0.2']],
      ['an IPv4 address and an IPv6 one', ['10.0.0.1', '2001:db8::10.0.0.1']],
      ['two IPv6 networks', ['2001:db8:0:7::1', '2001:db8:0:8::1']],
    ])('counts %s as two', (_what, addresses) => {
      expect(codesOf({ maxConnectionsPerAddress: 1 }, addresses).codes).toEqual([]);
    });

    it('has none for connections without an address', () => {
      const { codes } = codesOf({ maxConnectionsPerAddress: 1 }, [undefined, undefined] as never);

      expect(codes).toEqual([]);
    });

    it('has room for it again when one has closed', async () => {
      const { codes, mux, connections } = codesOf({ maxConnectionsPerAddress: 1 }, ['10.0.0.1']);

      connections[0]!.destroy();
      await once(connections[0]!, 'close');
      mux.handle(new SilentConnection('10.0.0.1'));

      expect(codes.filter((code) => code === 'ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS')).toEqual([]);
      expect(mux.connectionCount).toBe(1);
    });

    it('is named in the error', () => {
      const errors: Error[] = [];
      const mux = new ListenMux({
        maxConnectionsPerAddress: 1,
        onConnection: () => {},
        onHandshakeError: (error) => errors.push(error),
      });
      for (let i = 0; i < 2; i += 1) mux.handle(new SilentConnection('::ffff:10.0.0.1'));

      expect(errors.at(-1)!.message).toBe(
        '1 connections of 10.0.0.1 are open ("maxConnectionsPerAddress")',
      );
    });
  });

  it('counts no connection that was closed before it was handed over', async () => {
    const mux = new ListenMux({ onConnection: () => {} });
    const connection = new SilentConnection();
    connection.destroy();
    await once(connection, 'close');

    mux.handle(connection);

    await mux.settled();
    expect(mux.connectionCount).toBe(0);
  });

  it('goes on when who is told of a failure throws', async () => {
    const echo = await startEcho({
      maxConnections: 1,
      onHandshakeError: () => {
        throw new Error('the listener of failures failed');
      },
    });
    const client = await served(echo);
    const tooMuch = (await echo.dial()).resume();
    if (!tooMuch.destroyed) await once(tooMuch, 'close');

    client.write('y');

    expect(await readExactly(client, 1)).toBe('y');
  });

  it.each([
    ['maxConnections', 0],
    ['maxConnections', 1.5],
    ['maxConnections', Number.NaN],
    ['maxConnectionsPerAddress', -1],
    ['handshakeTimeoutMs', 2 ** 31],
  ])('refuses a bad %s: %s', (name, value) => {
    expect(() => new ListenMux({ onConnection: () => {}, [name]: value })).toThrow(
      new RegExp(`^ListenMux: "${name}" must be a whole number .*, not ${value} \\(a number\\)$`),
    );
  });

  it('may be Infinity, or left out', () => {
    const limits = { maxConnections: Infinity, maxConnectionsPerAddress: Infinity };
    expect(() => new ListenMux({ onConnection: () => {}, ...limits })).not.toThrow();
    const none = { maxConnections: undefined, handshakeTimeoutMs: undefined };
    expect(() => new ListenMux({ onConnection: () => {}, ...none })).not.toThrow();
  });
});
