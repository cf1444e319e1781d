import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  PeerRefusedError,
  type AuthorizePeer,
  type BackchannelClient,
  type BackchannelClientOptions,
  type ConnectionState,
} from 'nestjs-backchannel';
import { engineOf, keepConnected, ClientHandshaker } from 'nestjs-backchannel/core';
import { dial } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { securities } from '../../fixtures/nest/tls.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const isGrpcJs = engineOf().name === 'grpc-js';

const AWAY_MS = 400;
const DAY_MS = 86_400_000;
/** Attempts follow each other at once, unless the client stays away. */
const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 1,
  'grpc.max_reconnect_backoff_ms': 1,
};

const echo = (client: BackchannelClient, text: string) =>
  firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

const until = <State extends ConnectionState['state']>(client: BackchannelClient, state: State) =>
  soon(
    firstValueFrom(
      client.connection$.pipe(
        filter((now): now is Extract<ConnectionState, { state: State }> => now.state === state),
      ),
    ),
  );

/** Two ends that are connected. */
async function connected(options: Partial<BackchannelClientOptions> = {}) {
  const { app, url, registry } = await startListener(services, parts);
  const { client } = await startDialer({ url, ...services, channelOptions, ...options }, parts);
  const peer = await registry.waitFor();
  return { app, url, registry, client, peer };
}

function expectInOneDay(at: Date | undefined): void {
  const leftMs = at!.getTime() - Date.now();
  expect(leftMs).toBeGreaterThan(DAY_MS - 60_000);
  expect(leftMs).toBeLessThanOrEqual(DAY_MS);
}

describe('peer.close({ reconnectAfterMs })', () => {
  it('is told to the other end, which logs it and comes back after that time', async () => {
    const { url, registry, client, peer } = await connected();
    const lines = logLinesOf('BackchannelClient');
    const ends: unknown[] = [];
    client.on('idle', ({ end }) => ends.push(end));
    const back = registry.waitFor(({ id }) => id > peer.id);
    const closedAt = performance.now();

    await peer.close({ reason: 'maintenance', reconnectAfterMs: AWAY_MS });
    await soon(back);

    expect(performance.now() - closedAt).toBeGreaterThanOrEqual(AWAY_MS - 1);
    expect(ends).toEqual([{ cause: 'closed', reason: 'maintenance', reconnectAfterMs: AWAY_MS }]);
    expect(lines[0]).toEqual({
      level: 'warn',
      message: `${url} closed the connection: maintenance; staying away for 1 s, as it asks`,
      data: { url, cause: 'closed', reason: 'maintenance', reconnectAfterMs: AWAY_MS },
    });
  });

  it('is obeyed by a client that connects for calls only, too', async () => {
    const { client, peer, registry } = await connected({ lazy: true });
    const closedAt = performance.now();

    await peer.close({ reconnectAfterMs: AWAY_MS });
    await until(client, 'idle');
    const error = await endOf(echo(client, 'too early'));

    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'No connection: the other end asked this side to stay away, for 1 s from now',
    });
    await eventually(() => echo(client, 'hello').catch(() => undefined)).toEqual({ text: 'hello' });
    expect(performance.now() - closedAt).toBeGreaterThanOrEqual(AWAY_MS - 1);
    expect(registry.size).toBe(1);
  });

  it('is obeyed by channels without Nest, too', async () => {
    const { port, registry } = await startListener(services, parts);
    const engine = engineOf();
    const handshaker = closing(new ClientHandshaker(() => engine.createServer(), { engine }));
    const channel = closing(
      handshaker.createChannel(`127.0.0.1:${port}`, securities.insecure.client, channelOptions),
    );
    const stop = keepConnected(channel, false, 1);
    closing({ close: stop });
    const peer = await soon(registry.waitFor());
    await eventually(() => channel.getConnectivityState(false)).toBe(connectivityState.READY);
    const closedAt = performance.now();

    await peer.close({ reconnectAfterMs: AWAY_MS });
    await soon(registry.waitFor(({ id }) => id > peer.id));

    expect(performance.now() - closedAt).toBeGreaterThanOrEqual(AWAY_MS - 1);
  });
});

describe('peer.close({ reconnect: false })', () => {
  // The server of grpc-js has not sent its SETTINGS by then: to the client this is a refusal.
  it.skipIf(isGrpcJs)('keeps a peer away that is closed as it arrives', async () => {
    const { url, registry } = await startListener(services, parts);
    registry.peers$.subscribe(({ type, peer }) => {
      if (type === 'connected') void peer.close({ reason: 'banned', reconnect: false });
    });
    const { app, client } = await dial({ url, ...services, channelOptions }, parts);
    closing(app);

    await eventually(() => client.connection).toMatchObject({
      state: 'idle',
      reconnectAt: expect.any(Date) as unknown,
    });

    expectInOneDay((client.connection as { reconnectAt?: Date }).reconnectAt);
  });

  it('keeps the other end away for 24 hours, and its calls from connecting', async () => {
    const { registry, client, peer } = await connected();

    await peer.close({ reason: 'revoked', reconnect: false });

    const { reconnectAt, end } = await until(client, 'idle');
    expectInOneDay(reconnectAt);
    expect(end).toEqual({ cause: 'closed', reason: 'revoked', reconnectAfterMs: DAY_MS });
    expect(await endOf(echo(client, 'hello'))).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringMatching(/asked this side to stay away, for 86\d{3} s/) as unknown,
    });
    expect(client.connection.state).toBe('idle');
    expect(registry.size).toBe(0);
  });

  it('with reconnectAfterMs keeps it away for that time', async () => {
    const { client, peer } = await connected();

    await peer.close({ reconnect: false, reconnectAfterMs: 3_600_000 });

    const { end } = await until(client, 'idle');
    expect(end).toEqual({ cause: 'closed', reconnectAfterMs: 3_600_000 });
  });

  it('is overridden by client.connect()', async () => {
    const { registry, client, peer } = await connected();
    await peer.close({ reconnect: false });
    await until(client, 'idle');

    await client.connect();

    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
    expect(registry.size).toBe(1);
    // Later closings are told from this one.
    await [...registry][0]!.close();
    await soon(registry.waitFor(({ id }) => id > peer.id + 1));
  });

  it('counts no longer when an attempt has failed after it was overridden', async () => {
    const { app, url, client, peer } = await connected();
    const lines = logLinesOf('BackchannelClient');
    await peer.close({ reconnect: false });
    await until(client, 'idle');
    await app.close();

    const connecting = client.connect();
    await until(client, 'failed');
    expect(lines.at(-1)!.message).toMatch(/^cannot connect to .*; trying again$/);
    await startListener({ ...services, url }, parts);

    await soon(connecting);
  });

  it('is ignored with obeyHub: false, and the log says so', async () => {
    const { url, registry, peer } = await connected({ obeyHub: false });
    const lines = logLinesOf('BackchannelClient');

    await peer.close({ reason: 'oops', reconnect: false });

    await soon(registry.waitFor(({ id }) => id > peer.id));
    expect(lines[0]!.message).toBe(
      `${url} closed the connection: oops; it asks to stay away for 86400 s, which is ignored`,
    );
  });

  it.skipIf(isGrpcJs)('lets calls that wait for readiness wait', async () => {
    const { client, peer } = await connected();
    await peer.close({ reconnect: false });
    await until(client, 'idle');
    const metadata = new Metadata({ waitForReady: true });
    const call = firstValueFrom(client.getService<Calls>('Calls').echo({ text: 'late' }, metadata));

    await client.connect();

    expect(await soon(call)).toEqual({ text: 'late' });
  });

  it('does not keep the application from closing', async () => {
    const { client, peer } = await connected();
    await peer.close({ reconnect: false });
    await until(client, 'idle');

    await soon(client.close());

    expect(client.connection.state).toBe('closed');
  });
});

describe('a refusal with a time', () => {
  /** A listening side that refuses with these errors, one after the other, and then accepts. */
  async function startRefusing(...errors: Error[]) {
    const times: number[] = [];
    const authorizePeer: AuthorizePeer = () => {
      times.push(performance.now());
      const error = errors.shift();
      if (error !== undefined) throw error;
    };
    const { url, registry } = await startListener({ ...services, authorizePeer }, parts);
    return { url, registry, times };
  }

  async function startDialing(url: string, options: Partial<BackchannelClientOptions> = {}) {
    const lines = logLinesOf('BackchannelClient');
    const { app, client } = await dial({ url, ...services, channelOptions, ...options }, parts);
    closing(app);
    return { client, lines };
  }

  it.skipIf(isGrpcJs)('is obeyed, and the log says so', async () => {
    const { url, registry, times } = await startRefusing(
      new PeerRefusedError('no seat left', { retryAfterMs: AWAY_MS }),
    );

    const { lines } = await startDialing(url);
    await soon(registry.waitFor());

    expect(times).toHaveLength(2);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(AWAY_MS - 1);
    await eventually(() => lines.map(({ message }) => message)).toEqual([
      `cannot connect to ${url}: peer refused (reconnect after ${AWAY_MS} ms): no seat left; staying away for 1 s, as it asks`,
      `connected to ${url}`,
    ]);
  });

  it.skipIf(isGrpcJs)('that is permanent lasts 24 hours, or until client.connect()', async () => {
    const { url, times } = await startRefusing(new PeerRefusedError('', { permanent: true }));

    const { client } = await startDialing(url);
    await eventually(() => client.connection).toMatchObject({ state: 'idle' });
    const { reconnectAt, error } = client.connection as Extract<ConnectionState, { state: 'idle' }>;

    expectInOneDay(reconnectAt);
    expect(error?.message).toBe(`peer refused (reconnect after ${DAY_MS} ms)`);
    expect(await endOf(echo(client, 'hello'))).toMatchObject({ code: status.UNAVAILABLE });
    expect(times).toHaveLength(1);
    await client.connect();
    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
  });

  it.skipIf(isGrpcJs)(
    'delays client.connect() of a client that connects for calls only',
    async () => {
      const refusal = new PeerRefusedError('not yet', { retryAfterMs: AWAY_MS });
      const { url, times } = await startRefusing(refusal);
      const { client } = await startDialing(url, { lazy: true });

      await soon(client.connect());

      expect(times).toHaveLength(2);
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(AWAY_MS - 1);
    },
  );

  it.skipIf(isGrpcJs)('is overridden by a listener of the failure', async () => {
    const { url, times } = await startRefusing(new PeerRefusedError('', { permanent: true }));
    const { client } = await startDialing(url, { lazy: true });
    const overridden = new Promise((resolve) => {
      client.on('failed', () => resolve(client.connect()));
    });

    client.connect().catch(() => {}); // The client connects by it, or not in time.
    await soon(overridden);

    expect(times).toHaveLength(2);
  });

  it.skipIf(isGrpcJs)('is obeyed each time', async () => {
    const refusal = () => new PeerRefusedError('not yet', { retryAfterMs: 50 });
    const { url, registry, times } = await startRefusing(refusal(), refusal(), refusal());

    await startDialing(url);
    await soon(registry.waitFor());

    expect(times).toHaveLength(4);
    for (const at of [1, 2, 3]) {
      expect(times[at]! - times[at - 1]!).toBeGreaterThanOrEqual(49);
    }
  });

  it('is ignored with obeyHub: false, and by grpc-js, and the log says so', async () => {
    const { url, registry } = await startRefusing(new PeerRefusedError('no', { permanent: true }));

    const { lines } = await startDialing(url, { obeyHub: false });
    await soon(registry.waitFor());

    const why = isGrpcJs
      ? 'trying again, although it asks to stay away'
      : 'it asks to stay away for 86400 s, which is ignored';
    const said = `peer refused (reconnect after ${DAY_MS} ms): no`;
    expect(lines[0]!.message).toMatch(`cannot connect to ${url}: `);
    expect(lines[0]!.message).toMatch(new RegExp(`; ${why}$`));
    expect(lines[0]!.message).toContain(said);
  });

  it.each([
    [{ retryAfterMs: -1 }, '"retryAfterMs" must be a whole number from 0 to 86400000, not -1'],
    [{ retryAfterMs: DAY_MS + 1 }, '"retryAfterMs" must be a whole number from 0 to 86400000'],
    [{ permanent: 'yes' as never }, '"permanent" must be true or false'],
  ])('refuses %o where it is made', (options, problem) => {
    expect(() => new PeerRefusedError('no', options)).toThrow(`PeerRefusedError: ${problem}`);
  });
});
