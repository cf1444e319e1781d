import { status, type ChannelCredentials } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { BackchannelClient } from 'nestjs-backchannel';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { distrustful, securities, type Security } from '../../fixtures/nest/tls.js';

const parts = { controllers: [CallsController] };

const startSecured = (security: Security) =>
  startListener({ ...callsProto, credentials: security.server, backchannel: callsProto }, parts);

const dialWith = (url: string, credentials: ChannelCredentials) =>
  startDialer({ url, ...callsProto, credentials, backchannel: callsProto }, parts);

/** The error of a call that has no deadline; it must fail by itself, and soon. */
const failureOf = (calls: Calls): Promise<unknown> =>
  firstValueFrom(calls.echo({})).then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

/** Milliseconds for a test of a client that cannot connect; it needs a few hundred. */
const BOUND_MS = 10_000;
const { insecure, TLS, 'mutual TLS': mutualTls } = securities;
const unavailable = (details: RegExp) =>
  expect.objectContaining({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(details) as unknown,
  });

describe.each(Object.entries(securities))('with %s', (_name, security) => {
  it('calls go in both directions of one multiplexed connection', async () => {
    const { url, registry } = await startSecured(security);
    const { client } = await dialWith(url, security.client);

    const forward = client.getService<Calls>('Calls').echo({ text: 'forward' });
    const back = registry.backchannel(1).getService<Calls>('Calls').echo({ text: 'back' });

    expect(await firstValueFrom(forward)).toEqual({ text: 'forward' });
    expect(await firstValueFrom(back)).toEqual({ text: 'back' });
  });

  it('3 MiB go in both directions unharmed', async () => {
    const { url, registry } = await startSecured(security);
    const { client } = await dialWith(url, security.client);
    const text = 'backchannel'.repeat(300_000);

    const replies = [client, registry.backchannel(1)].map((stubs) =>
      firstValueFrom(stubs.getService<Calls>('Calls').echo({ text })),
    );

    for (const reply of await Promise.all(replies)) expect(reply.text === text).toBe(true);
  });

  it('handlers are told the same of multiplexed connections as of plain ones', async () => {
    const { url } = await startSecured(security);

    const [multiplexed, plain] = await Promise.all(
      kindsOfClient.map(([, create]) => firstValueFrom(create(url, security.client).inspect({}))),
    );

    expect({ ...multiplexed, peer: '' }).toEqual({ ...plain, peer: '' });
    expect(multiplexed!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(plain!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(multiplexed!.peer).not.toBe(plain!.peer);
  });

  it('handlers of the dialing side are told the address that it dialed', async () => {
    const { url, registry } = await startSecured(security);
    await dialWith(url, security.client);
    const calls = registry.backchannel(1).getService<Calls>('Calls');

    expect(await firstValueFrom(calls.inspect({}))).toMatchObject({ peer: url });
  });
});

describe('certificates', () => {
  it('of the client are seen by handlers with mutual TLS, and by no other', async () => {
    const certified = await startSecured(mutualTls);
    const uncertified = await startSecured(TLS);
    const dialers = [
      await dialWith(certified.url, mutualTls.client),
      await dialWith(uncertified.url, TLS.client),
    ];

    const [known, unknown] = await Promise.all(
      dialers.map(({ client }) => firstValueFrom(client.getService<Calls>('Calls').inspect({}))),
    );

    expect(known).toMatchObject({
      security: 'ssl',
      certificateName: 'client (tests of nestjs-backchannel)',
    });
    expect(unknown).not.toHaveProperty('certificateName');
  });

  it('of the server are seen by handlers of the dialing side', async () => {
    const { url, registry } = await startSecured(TLS);
    await dialWith(url, TLS.client);
    const calls = registry.backchannel(1).getService<Calls>('Calls');

    expect(await firstValueFrom(calls.inspect({}))).toMatchObject({
      security: 'ssl',
      certificateName: 'server (tests of nestjs-backchannel)',
    });
  });
});

describe.each(kindsOfClient)('a %s client', (_kind, create) => {
  it(
    'that trusts another authority fails with UNAVAILABLE, and says that it is for the certificate',
    { timeout: BOUND_MS },
    async () => {
      const { url, registry } = await startSecured(TLS);

      const error = await failureOf(create(url, distrustful));

      expect(error).toEqual(unavailable(/certificate/));
      expect(registry.size).toBe(0);
    },
  );

  it.each<[string, Security, ChannelCredentials]>([
    ['with TLS at a port without', insecure, TLS.client],
    ['without TLS at a port with', TLS, insecure.client],
  ])(
    '%s fails with UNAVAILABLE, and the port goes on serving others',
    { timeout: BOUND_MS },
    async (_what, security, credentials) => {
      const { url, registry } = await startSecured(security);

      const error = await failureOf(create(url, credentials));

      expect(error).toMatchObject({ code: status.UNAVAILABLE });
      const { client } = await dialWith(url, security.client);
      const reply = firstValueFrom(client.getService<Calls>('Calls').echo({ text: 'fine' }));
      expect(await reply).toEqual({ text: 'fine' });
      await eventually(() => registry.size).toBe(1);
    },
  );
});

describe('BackchannelClient.connect()', () => {
  it('that cannot trust the server rejects when its time is over, and names the url', async () => {
    const { url } = await startSecured(TLS);
    const client = closing(new BackchannelClient({ url, ...callsProto, credentials: distrustful }));

    await expect(client.connect(500)).rejects.toThrow(`no connection to ${url} within 500 ms`);
  });
});
