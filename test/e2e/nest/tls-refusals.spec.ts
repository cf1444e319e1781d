import { status, type ChannelCredentials, type ServerCredentials } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf } from '../../fixtures/nest/end-of.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { impostor, securities, serverWith, stranger } from '../../fixtures/nest/tls.js';

const { TLS, 'mutual TLS': mutualTls } = securities;
const parts = { controllers: [CallsController] };

/** Counts what reaches the listening side: calls of handlers, and peers. */
async function startCounting(credentials: ServerCredentials) {
  const listener = await startListener(
    { ...callsProto, credentials, backchannel: callsProto },
    parts,
  );
  const reached = { calls: 0, peers: 0 };
  listener.app.get(CallsController).events.on('started', () => (reached.calls += 1));
  const register = listener.registry.registerBackchannel.bind(listener.registry);
  listener.registry.registerBackchannel = (...args) => {
    reached.peers += 1;
    return register(...args);
  };
  return { ...listener, reached };
}

describe.each(kindsOfClient)('a %s client', (_kind, create) => {
  it.each<[what: string, ServerCredentials, says: RegExp]>([
    ['of another name', serverWith('elsewhere'), /does not match certificate's altnames/],
    ['that has expired', serverWith('expired'), /certificate has expired/],
    ['that is for clients only', serverWith('client'), /unsuitable certificate purpose/],
    ['of an unknown authority', serverWith('next-server'), /unable to verify the first cert/],
  ])(
    'refuses a certificate %s: the call fails with UNAVAILABLE and says so',
    async (_what, server, says) => {
      const { url, reached } = await startCounting(server);

      const error = await endOf(firstValueFrom(create(url, TLS.client).echo({})));

      expect(error).toMatchObject({
        code: status.UNAVAILABLE,
        details: expect.stringMatching(says) as unknown,
      });
      expect(reached).toEqual({ calls: 0, peers: 0 });
    },
  );

  it.each<[what: string, ChannelCredentials]>([
    ['without a certificate', TLS.client],
    ['with a certificate of another authority', stranger],
    ['with a certificate that is not for clients', impostor],
  ])(
    '%s reaches neither handler nor registry where mutual TLS is asked for',
    async (_what, credentials) => {
      const { url, reached } = await startCounting(mutualTls.server);

      const error = await endOf(firstValueFrom(create(url, credentials).echo({})));
      // Nothing of the first is still on its way once another has been served.
      const { client } = await startDialer(
        { url, ...callsProto, credentials: mutualTls.client, backchannel: callsProto },
        parts,
      );
      await firstValueFrom(client.getService<Calls>('Calls').echo({}));

      expect(error).toMatchObject({ code: status.UNAVAILABLE });
      expect(reached).toEqual({ calls: 1, peers: 1 });
    },
  );
});

it('a client that shows no certificate is told that one is required', async () => {
  const { url } = await startCounting(mutualTls.server);
  const [, create] = kindsOfClient[0]!;

  const error = await endOf(firstValueFrom(create(url, TLS.client).echo({})));

  expect(error).toMatchObject({
    details: expect.stringMatching(/certificate required/) as unknown,
  });
});
