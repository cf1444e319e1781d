import { once } from 'node:events';
import { createServer } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  ListenMuxServer,
  PeerRefusedError,
  Registry,
  type BackchannelClientOptions,
  type ListenMuxServerOptions,
} from 'nestjs-backchannel';
import { engineOf } from 'nestjs-backchannel/core';
import { dial, listen, urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { PREFACE } from '../../fixtures/http2/raw-client.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { logLinesOf, type LogLine } from '../../fixtures/nest/log-lines.js';
import { callsProto } from '../../fixtures/nest/protos.js';
import { GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { TcpProxy } from '../../fixtures/nest/tcp-proxy.js';
import { securities } from '../../fixtures/nest/tls.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const isGrpcJs = engineOf().name === 'grpc-js';

const messagesOf = (lines: LogLine[]) => lines.map(({ level, message }) => `${level}: ${message}`);

describe('the listening side', () => {
  const from = { remoteAddress: '127.0.0.1', remotePort: expect.any(Number) };

  async function startLogged(options: Partial<ListenMuxServerOptions> = {}) {
    const lines = logLinesOf('ListenMuxServer');
    const listener = await startListener({ ...services, ...options }, parts);
    // The line of the start has a test of its own.
    const starts = lines.splice(0);
    return { ...listener, starts, lines };
  }

  it.each<[what: string, Partial<ListenMuxServerOptions>, says: string, tls: string]>([
    ['plaintext', {}, 'no TLS; plain clients are served', 'no TLS'],
    [
      'TLS without plain clients',
      { credentials: securities.TLS.server, allowPlainClients: false },
      'TLS; plain clients are refused',
      'TLS',
    ],
    [
      'mutual TLS',
      { credentials: securities['mutual TLS'].server },
      'mutual TLS; plain clients are served',
      'mutual TLS',
    ],
  ])(
    'says in one line what listens where when it starts: %s',
    async (_what, options, says, tls) => {
      const { port, starts } = await startLogged(options);

      const [security, plain] = says.split('; ');
      const engine = engineOf().name;
      expect(starts).toEqual([
        {
          level: 'log',
          message: `listening on 127.0.0.1:${port} (url "127.0.0.1:0") with ${security}, on the engine ${engine}; ${plain}`,
          data: {
            url: '127.0.0.1:0',
            address: `127.0.0.1:${port}`,
            engine,
            tls,
            allowPlainClients: options.allowPlainClients ?? true,
          },
        },
      ]);
    },
  );

  it('says in that line if grpc-js serves in place of the engine', async () => {
    const { starts } = await startLogged({
      engine: 'built-in',
      channelOptions: { 'grpc.server_call_metric_recording': 1 },
    });

    expect(starts.at(-1)!.message).toContain(', on the engine grpc-js; ');
  });

  it('has a line for a peer that comes, and one when it leaves', async () => {
    const { url, lines } = await startLogged({ authorizePeer: () => ({ name: 'press' }) });
    const { app } = await startDialer({ url, ...services }, parts);

    await app.close();

    const who = { peerId: 1, name: 'press', ...from };
    await eventually(() => lines).toEqual([
      { level: 'log', message: 'peer 1 "press" connected', data: who },
      {
        level: 'log',
        message: 'peer 1 "press" disconnected: it left',
        data: { ...who, cause: 'left' },
      },
    ]);
  });

  it('says of a peer without a name that it has none, and why this side closed it', async () => {
    const { url, lines, registry } = await startLogged();
    await startDialer({ url, ...services }, parts);

    await registry.get(1)!.close({ reason: 'it moved' });

    expect(lines.slice(0, 2)).toEqual([
      { level: 'log', message: 'peer 1 connected', data: { peerId: 1, ...from } },
      {
        level: 'log',
        message: 'peer 1 disconnected: closed, it moved',
        data: { peerId: 1, ...from, cause: 'closed', reason: 'it moved' },
      },
    ]);
  });

  it('says what a peer was lost by', async () => {
    const { port, lines, registry } = await startLogged();
    const socket = rawDialer(port, MAGIC, OPEN, GREETING);
    await registry.waitFor();

    socket.resetAndDestroy();

    await eventually(() => lines[1]).toEqual({
      level: 'warn',
      message: expect.stringMatching(/^peer 1 disconnected: lost, (read|write) ECONNRESET$/),
      data: { peerId: 1, ...from, cause: 'lost', error: expect.stringContaining('ECONNRESET') },
    });
  });

  it('has one line for each peer when it stops', async () => {
    const { url, app, lines } = await startLogged();
    for (let id = 1; id <= 3; id++) await startDialer({ url, ...services }, parts);
    lines.length = 0;

    await app.close();

    expect(messagesOf(lines)).toEqual(
      [1, 2, 3].map((id) => `log: peer ${id} disconnected: this side stops`),
    );
  });

  it('has one line for a peer of a registry that several servers share', async () => {
    const lines = logLinesOf('ListenMuxServer');
    const registry = new Registry();
    const [server] = [1, 2].map(
      () => new ListenMuxServer({ url: '127.0.0.1:0', ...services }, registry),
    );
    closing(server!);
    await new Promise((resolve) => void server!.listen(resolve));
    lines.length = 0;

    const client = closing(new BackchannelClient({ url: urlOf(server!), ...services }));
    await client.connect();

    expect(messagesOf(lines)).toEqual(['log: peer 1 connected']);
  });

  it('has one line for a peer that is refused, with the reason', async () => {
    const { port, lines } = await startLogged({
      authorizePeer: () => {
        throw new PeerRefusedError('no seat left', { cause: new Error('seats: 0') });
      },
    });

    await once(rawDialer(port, MAGIC, OPEN, GREETING), 'close');

    await eventually(() => lines).toEqual([
      {
        level: 'warn',
        message: 'connection refused: peer refused: no seat left (seats: 0)',
        data: { ...from, code: 'ERR_BACKCHANNEL_PEER_REFUSED' },
      },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('no such table'), 'TypeError: no such table'],
    ['an error with a cause', new Error('x', { cause: new Error('disk full') }), 'disk full'],
    ['a string', 'no such table', "'no such table'"],
    ['nothing', undefined, 'undefined'],
  ])('tells in full what else authorizePeer throws: %s', async (_what, thrown, text) => {
    const { port, lines } = await startLogged({
      authorizePeer: () => {
        throw thrown;
      },
    });

    await once(rawDialer(port, MAGIC, OPEN, GREETING), 'close');

    await eventually(() => lines).toEqual([
      {
        level: 'error',
        message: 'connection refused: peer refused: not authorized',
        data: { ...from, code: 'ERR_BACKCHANNEL_PEER_REFUSED' },
        stack: expect.stringContaining(text),
      },
    ]);
  });

  it('has one line for a plain client that is not wanted', async () => {
    const { port, lines } = await startLogged({ allowPlainClients: false });

    await once(rawDialer(port, PREFACE), 'close');

    await eventually(() => lines).toEqual([
      {
        level: 'warn',
        message: 'connection refused: it is not multiplexed ("allowPlainClients" is false)',
        data: { ...from, code: 'ERR_LISTENMUX_PLAIN_CLIENT' },
      },
    ]);
  });

  it('says who said nothing until it was too late', async () => {
    const { port, lines } = await startLogged({ handshakeTimeoutMs: 30 });

    await once(rawDialer(port, MAGIC.subarray(0, 5)), 'close');

    await eventually(() => lines).toEqual([
      {
        level: 'warn',
        message: 'connection refused: no complete handshake within 30 ms',
        data: { ...from, code: 'ERR_LISTENMUX_TIMEOUT' },
      },
    ]);
  });

  it('says nothing of plain clients that come and go', async () => {
    const { url, lines } = await startLogged();
    const [, create] = kindsOfClient.find(([name]) => name === 'plain')!;

    await firstValueFrom(create(url, securities.insecure.client).echo({}));

    expect(lines).toEqual([]);
  });
});

describe('the dialing side', () => {
  const quickRetry = {
    'grpc.initial_reconnect_backoff_ms': 10,
    'grpc.max_reconnect_backoff_ms': 20,
  };

  async function startLogged(url: string, options: Partial<BackchannelClientOptions> = {}) {
    const lines = logLinesOf('BackchannelClient');
    const { app, client } = await dial(
      { url, ...services, channelOptions: quickRetry, ...options },
      parts,
    );
    closing(app);
    return { app, client, lines };
  }

  async function deserted(): Promise<string> {
    const { app, url } = await listen(services, parts);
    await app.close();
    return url;
  }

  it('has a line when it has connected, and one when it closes', async () => {
    const { url } = await startListener(services, parts);
    const { app, client, lines } = await startLogged(url);

    await client.connect();
    await app.close();

    expect(lines).toEqual([
      { level: 'log', message: `connected to ${url}`, data: { url } },
      { level: 'log', message: `disconnected from ${url}`, data: { url } },
    ]);
  });

  it('has a line when it loses its connection, and one when it is back', async () => {
    const { port, registry } = await startListener(services, parts);
    const proxy = await TcpProxy.start(port);
    const { url } = proxy;
    const { client, lines } = await startLogged(url);
    await client.connect();

    proxy.cut();
    await soon(registry.waitFor(({ id }) => id === 2));

    await eventually(() => lines.length).toBe(3);
    expect(lines[1]).toMatchObject({ level: 'warn', data: { url } });
    expect(lines[1]!.message).toMatch(new RegExp(`^lost the connection to ${url}`));
    expect(lines[2]).toMatchObject({ level: 'log', message: `connected to ${url}` });
  });

  it('tells who closed its connection and why, on one line whatever is said', async () => {
    const { url, registry } = await startListener(services, parts);
    const { client, lines } = await startLogged(url);
    await client.connect();
    const ends: unknown[] = [];
    client.on('idle', ({ end }) => ends.push(end));

    await registry.get(1)!.close({ reason: `re-\nvoked \u202e${'é'.repeat(2000)}` });
    await soon(registry.waitFor(({ id }) => id === 2));

    await eventually(() => lines.length).toBe(3);
    const reason = `re-\ufffdvoked \ufffd${'é'.repeat(2000)}`;
    const [{ data, level, message }] = lines.slice(1) as [LogLine];
    expect({ level, data }).toEqual({
      level: 'warn',
      data: { url, cause: 'closed', reason: expect.stringMatching(/^re-\ufffdvoked \ufffdé+/) },
    });
    expect(message).toMatch(`${url} closed the connection: ${reason.slice(0, 400)}`);
    expect(message.length).toBeLessThan(700);
    expect(ends).toEqual([{ cause: 'closed', reason: (data as { reason: string }).reason }]);
  });

  it('does not warn of a connection that was too old, nor of a server that stops', async () => {
    const channelOptions = { 'grpc.max_connection_age_ms': 200 };
    const { app, url, registry } = await startListener({ ...services, channelOptions }, parts);
    const { client, lines } = await startLogged(url);
    const ends: unknown[] = [];
    client.on('idle', ({ end }) => ends.push(end));
    await client.connect();
    await soon(registry.waitFor(({ id }) => id === 2));

    await app.close();

    await eventually(() => messagesOf(lines)).toContain(`log: ${url} stops serving`);
    expect(messagesOf(lines)).toContain(
      `log: ${url} wants a new connection in place of the old one`,
    );
    expect(lines.filter(({ message }) => message.startsWith('lost'))).toEqual([]);
    expect(ends).toContainEqual({ cause: 'replaced' });
    expect(ends).toContainEqual({ cause: 'left' });
  });

  it('does not warn of a server that gives calls no time when it stops', async () => {
    const { app, url } = await startListener({ ...services, gracefulShutdown: false }, parts);
    const { client, lines } = await startLogged(url);
    await client.connect();

    await app.close();

    await eventually(() => messagesOf(lines)).toContain(`log: ${url} stops serving`);
  });

  it('has one line for why it cannot connect, however often it tries, and one for every other reason', async () => {
    const url = await deserted();
    const { client, lines } = await startLogged(url);
    let attempts = 0;
    client.on('failed', () => (attempts += 1));
    await eventually(() => lines.length).toBe(1);
    if (!isGrpcJs) await eventually(() => attempts).toBeGreaterThan(3);
    expect(lines).toHaveLength(1);

    const other = createServer((socket) => {
      attempts += 1;
      socket.resume().end();
    });
    closing(other).listen(Number(url.split(':')[1]), '127.0.0.1');
    await once(other, 'listening');
    attempts = 0;
    await eventually(() => attempts).toBeGreaterThan(6);
    other.close();
    await once(other, 'close');

    const refused = isGrpcJs ? 'unreachable' : `connect ECONNREFUSED ${url}`;
    expect(lines[0]).toEqual({
      level: 'warn',
      message: `cannot connect to ${url}: ${refused}; trying again`,
      data: { url, error: refused },
    });
    expect(lines.length).toBeGreaterThan(isGrpcJs ? 0 : 1);
    await startListener({ ...services, url }, parts);
    await client.connect();
    expect(messagesOf(lines).at(-1)).toBe(`log: connected to ${url}`);
    expect(new Set(messagesOf(lines)).size).toBe(lines.length);
  });

  it.skipIf(isGrpcJs)('says why it was refused', async () => {
    const { url } = await startListener(
      {
        ...services,
        authorizePeer: () => {
          throw new PeerRefusedError('no seat left');
        },
      },
      parts,
    );
    const { lines } = await startLogged(url);

    const why = 'peer refused: no seat left';
    await eventually(() => lines).toEqual([
      {
        level: 'warn',
        message: `cannot connect to ${url}: ${why}; trying again`,
        data: { url, error: why },
      },
    ]);
  });

  it('says nothing when it is closed before it has connected', async () => {
    const url = await deserted();
    const { app, lines } = await startLogged(url, { lazy: true });

    await app.close();

    expect(lines).toEqual([]);
  });
});
