import { once } from 'node:events';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ListenMuxServer, type ListenMuxServerOptions } from 'nestjs-backchannel';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { securities } from '../../fixtures/nest/tls.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const from = { remoteAddress: '127.0.0.1', remotePort: expect.any(Number) };

describe('limits of the listening side', () => {
  async function startLimited(options: Partial<ListenMuxServerOptions>) {
    const lines = logLinesOf('ListenMuxServer');
    const listener = await startListener({ ...services, ...options }, parts);
    lines.length = 0; // Without the line of the start.
    return {
      ...listener,
      lines,
      warnings: () => lines.filter(({ level }) => level === 'warn'),
      /** Dials, and waits to be hung up on. */
      refused: async () => soon(once(rawDialer(listener.port, MAGIC, OPEN, GREETING), 'close')),
    };
  }

  it.each([
    [
      { maxConnections: 2 },
      'ERR_LISTENMUX_TOO_MANY_CONNECTIONS',
      '2 connections are open ("maxConnections")',
    ],
    [
      { maxConnectionsPerAddress: 2 },
      'ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS',
      '2 connections of 127.0.0.1 are open ("maxConnectionsPerAddress")',
    ],
  ])('%o closes who is too much; multiplexed and plain clients go on', async (limit, code, why) => {
    const { url, registry, refused, warnings } = await startLimited(limit);
    const [, create] = kindsOfClient.find(([kind]) => kind === 'plain')!;
    const plain = create(url, securities.insecure.client);
    await firstValueFrom(plain.echo({ text: 'plain' }));
    const { client } = await startDialer({ url, ...services }, parts);

    await refused();

    await eventually(warnings).toEqual([
      { level: 'warn', message: `connection refused: ${why}`, data: { ...from, code } },
    ]);
    const multiplexed = client.getService<Calls>('Calls');
    const back = registry.get(1)!.getService<Calls>('Calls');
    for (const calls of [plain, multiplexed, back]) {
      expect(await firstValueFrom(calls.echo({ text: 'still here' }))).toMatchObject({
        text: 'still here',
      });
    }
    expect(registry.size).toBe(1);
  });

  it('maxHandshakes closes who is too much while authorizePeer makes up its mind', async () => {
    let letIn!: () => void;
    const answered = new Promise<void>((resolve) => (letIn = resolve));
    let asked = 0;
    const { url, refused, warnings, port, registry } = await startLimited({
      maxHandshakes: 2,
      authorizePeer: () => {
        asked += 1;
        return answered;
      },
    });
    for (let i = 0; i < 2; i += 1) rawDialer(port, MAGIC, OPEN, GREETING);
    await eventually(() => asked).toBe(2);

    await refused();

    await eventually(warnings).toEqual([
      {
        level: 'warn',
        message: 'connection refused: 2 connections shake hands ("maxHandshakes")',
        data: { ...from, code: 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES' },
      },
    ]);
    letIn();
    await eventually(() => registry.size).toBe(2);
    await startDialer({ url, ...services }, parts);
    expect(registry.size).toBe(3);
  });

  it.each([
    ['maxConnections', 0],
    ['maxConnectionsPerAddress', 2.5],
    ['maxHandshakes', -1],
    ['handshakeTimeoutMs', -1],
  ])('fails at construction, and names it: a bad %s', (name, value) => {
    expect(() => new ListenMuxServer({ ...services, [name]: value })).toThrow(`"${name}" must be`);
  });

  it('HX-16 has a few lines for a flood of bad connections, and says at its end how many there were', async () => {
    const limits = { maxConnections: 1, gracefulShutdown: false };
    const { app, port, registry, warnings } = await startLimited(limits);
    rawDialer(port, MAGIC, OPEN, GREETING);
    await soon(registry.waitFor());

    for (let i = 0; i < 10; i += 1) {
      const flood = Array.from({ length: 20 }, () => rawDialer(port));
      await Promise.all(flood.map((socket) => once(socket, 'close')));
    }
    expect(warnings()).toHaveLength(10);
    await app.close();

    expect(warnings()).toHaveLength(11);
    expect(warnings().at(-1)).toMatchObject({
      message: expect.stringMatching(
        /^and 190 more in the last \d+ s: connections refused \(ERR_LISTENMUX_TOO_MANY_CONNECTIONS\)$/,
      ),
      data: { kind: 'connections refused (ERR_LISTENMUX_TOO_MANY_CONNECTIONS)', more: 190 },
    });
  });

  it('has no more than some lines for peers that come and go all the time', async () => {
    const { app, port, lines, registry } = await startLimited({});

    for (let i = 1; i <= 120; i += 1) {
      const socket = rawDialer(port, MAGIC, OPEN, GREETING);
      await soon(registry.waitFor(({ id }) => id === i));
      socket.destroy();
      if (i % 40 === 0) await eventually(() => registry.size).toBe(0);
    }
    await app.close();

    const sums = lines.filter(({ message }) => message.startsWith('and '));
    expect(lines.length - sums.length).toBe(200);
    expect(sums.map(({ level, data }) => ({ level, data }))).toEqual([
      { level: 'log', data: { kind: 'peers connected', more: 20 } },
      { level: 'warn', data: { kind: 'peers lost', more: 20 } },
    ]);
  });
});
