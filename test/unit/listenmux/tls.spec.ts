import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createListener } from '../../../lib/grpc/index.js';
import { ListenMux, type ListenMuxOptions } from '../../../lib/listenmux/index.js';
import { handshaker, readExactly } from '../../fixtures/listen-mux.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { pem, securities } from '../../fixtures/nest/tls.js';

/** A mux behind TLS that says `magic` or `plain` to who is served. */
async function startSecured(
  options: Partial<ListenMuxOptions<string>> = {},
  credentials = securities.TLS.server,
) {
  const errors: Error[] = [];
  const listener = createListener(credentials, options.handshakeTimeoutMs);
  const mux = new ListenMux<string>({
    onConnection: ({ stream, context }) => void stream.resume().write(context ?? 'plain'),
    onHandshakeError: (error) => errors.push(error),
    ...options,
  });
  mux.register(handshaker((stream) => Promise.resolve({ stream, context: 'magic' })));
  mux.attach(listener);
  const sockets = new Set<Socket>();
  listener.on('connection', (socket) => sockets.add(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = listener.address() as AddressInfo;

  /** A connection on which TLS has not begun. */
  const dialRaw = async (): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    sockets.add(socket.on('error', () => {}));
    await once(socket, 'connect');
    return socket;
  };
  const secure = async (socket: Socket): Promise<TLSSocket> => {
    const secured = connectTls({
      socket,
      ca: pem('ca'),
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    });
    secured.on('error', () => {});
    await once(secured, 'secureConnect');
    return secured;
  };
  const dial = async () => secure(await dialRaw());
  return { mux, listener, errors, dialRaw, dial, secure };
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.resume().once('close', () => resolve());
  });

describe('behind TLS', () => {
  it('close() ends connections whose TLS handshake is under way', async () => {
    const { mux, listener, dialRaw } = await startSecured();
    const accepted = once(listener, 'connection');
    const socket = await dialRaw();
    await accepted;

    mux.close();

    await closed(socket);
    expect(mux.connectionCount).toBe(0);
  });

  it('close() leaves those that are served, and lets nobody in any more', async () => {
    const { mux, dial, dialRaw } = await startSecured();
    const served = await dial();
    served.write('x');
    expect(await readExactly(served, 5)).toBe('plain');

    mux.close();

    await closed(await dialRaw());
    expect(mux.connectionCount).toBe(1);
    expect(served.destroyed).toBe(false);
  });

  it('LM-10 the magic is what comes first inside of TLS', async () => {
    const { dial } = await startSecured();
    const [multiplexed, plain] = [await dial(), await dial()];

    multiplexed.write('testmagic11');
    plain.write('PRI * HTTP/2.0');

    expect(await readExactly(multiplexed, 5)).toBe('magic');
    expect(await readExactly(plain, 5)).toBe('plain');
  });

  it('LM-10 the magic before TLS, or instead of it, is no magic', async () => {
    const { dialRaw, errors, mux } = await startSecured();
    const socket = await dialRaw();

    socket.write('testmagic11');

    await closed(socket);
    await eventually(() => errors).toEqual([
      expect.objectContaining({
        code: 'ERR_LISTENMUX_TLS',
        message: expect.stringMatching(/^TLS: the client does not speak TLS: set "credentials"/),
        cause: expect.objectContaining({ reason: 'wrong version number' }),
      }),
    ]);
    await eventually(() => mux.connectionCount).toBe(0);
  });

  it('counts TLS handshakes as handshakes, and begins none that is too much', async () => {
    const { dialRaw, dial, secure, errors, mux, listener } = await startSecured({
      maxHandshakes: 2,
    });
    const tlsErrors: Error[] = [];
    listener.on('tlsClientError', (error) => tlsErrors.push(error));
    const served = await dial();
    served.write('x');
    await readExactly(served, 5);
    const silent = await dialRaw();
    const secured = await dial(); // TLS is done, but nothing said yet.
    await eventually(() => mux.connectionCount).toBe(3);

    await closed(await dialRaw());

    expect(errors).toMatchObject([{ code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES' }]);
    expect(tlsErrors).toEqual([]);
    secured.write('x');
    expect(await readExactly(secured, 5)).toBe('plain');
    const late = await dial();
    late.write('testmagic11');
    expect(await readExactly(late, 5)).toBe('magic');
    const begun = await secure(silent);
    begun.write('x');
    expect(await readExactly(begun, 5)).toBe('plain');
  });

  it('counts every connection once, from TCP to its end', async () => {
    const { dial, dialRaw, mux, errors } = await startSecured({ maxConnections: 2 });
    const client = await dial();
    client.write('x');
    await readExactly(client, 5);
    const silent = await dialRaw();
    await eventually(() => mux.connectionCount).toBe(2);

    await closed(await dialRaw());
    expect(errors).toMatchObject([{ code: 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS' }]);

    client.destroy();
    silent.destroy();
    await eventually(() => mux.connectionCount).toBe(0);
    await mux.settled();
  });

  it.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => {}],
    [
      'says a byte now and then',
      (socket) => {
        // The beginning of a client hello.
        const hello = Buffer.from('16030102000100 01fc0303'.replace(' ', ''), 'hex');
        let sent = 0;
        const timer = setInterval(() => {
          if (sent < hello.length) socket.write(hello.subarray(sent, ++sent));
        }, 20);
        socket.once('close', () => clearInterval(timer));
      },
    ],
  ])('ends a TLS handshake in time in which the client %s', async (_what, trickle) => {
    const { dialRaw, errors, mux } = await startSecured({ handshakeTimeoutMs: 100 });
    const socket = await dialRaw();

    trickle(socket);

    await closed(socket);
    await eventually(() => errors).toEqual([
      expect.objectContaining({
        code: 'ERR_LISTENMUX_TLS',
        message: 'TLS: TLS handshake timeout',
      }),
    ]);
    await eventually(() => mux.connectionCount).toBe(0);
  });

  it('closes a TLS handshake without progress for a newcomer, and what was secured but silent', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { dialRaw, dial, errors, mux } = await startSecured({ maxHandshakes: 2 });
    const served = await dial();
    served.write('x');
    await readExactly(served, 5);
    const silent = await dialRaw();
    await eventually(() => mux.connectionCount).toBe(2);
    const secured = await dial();
    await eventually(() => mux.pendingCount).toBe(1);
    vi.advanceTimersByTime(1000);

    const newcomers = [await dial(), await dial()];

    await Promise.all([silent, secured].map(closed));
    for (const newcomer of newcomers) {
      newcomer.write('testmagic11');
      expect(await readExactly(newcomer, 5)).toBe('magic');
    }
    expect(errors.map((error) => (error as { code?: unknown }).code)).toEqual([
      'ERR_LISTENMUX_DISPLACED',
      'ERR_LISTENMUX_DISPLACED',
    ]);
    expect(served.closed).toBe(false);
    expect(mux.connectionCount).toBe(3);
  });

  it.each<[failure: string, says: string, dials: ConnectionOptions | 'plaintext' | 'silence']>([
    [
      'a client certificate that is refused',
      'the certificate of the client was refused',
      { cert: pem('next-client'), key: pem('next-client-key') },
    ],
    ['no client certificate', 'peer did not return a certificate', {}],
    [
      'a client without ALPN',
      'did not choose the protocol "h2"',
      { cert: pem('client'), key: pem('client-key'), ALPNProtocols: undefined },
    ],
    ['a client without TLS', 'does not speak TLS', 'plaintext'],
    ['a handshake that takes too long', 'handshake timeout', 'silence'],
  ])('reports %s with the address of the client', async (_failure, says, dials) => {
    const refusals: [message: string, address: string | undefined, port: number | undefined][] = [];
    const { dialRaw } = await startSecured(
      {
        handshakeTimeoutMs: dials === 'silence' ? 100 : 20_000,
        onHandshakeError: ({ message }, socket) => {
          const { remoteAddress, remotePort } = socket as Socket;
          refusals.push([message, remoteAddress, remotePort]);
        },
      },
      securities['mutual TLS'].server,
    );
    const socket = await dialRaw();
    const { localPort } = socket;

    if (dials === 'plaintext') socket.write('GET / HTTP/1.1\r\n\r\n');
    else if (dials !== 'silence') {
      const tls = { socket, ca: pem('ca'), servername: 'localhost', ALPNProtocols: ['h2'] };
      connectTls({ ...tls, ...dials }).on('error', () => {});
    }

    await eventually(() => refusals).toEqual([
      [expect.stringContaining(says), '127.0.0.1', localPort],
    ]);
  });
});
