import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls, { type TlsOptions } from 'node:tls';
import { credentials, status } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOf } from '../../fixtures/nest/end-of.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { pem, securities } from '../../fixtures/nest/tls.js';

/** OpenSSL has no TLS 1.1 at its usual level of security. */
const ciphers = 'DEFAULT@SECLEVEL=0';

/** A server of the test that is running, which shows `server.pem` and never answers. */
async function listen(options: TlsOptions) {
  const seen = { connections: 0, bytes: 0 };
  const server = tls.createServer({ cert: pem('server'), key: pem('server-key'), ...options });
  server.on('secureConnection', (socket) => {
    seen.connections += 1;
    socket.on('error', () => {}).on('data', (data) => (seen.bytes += data.length));
  });
  closing(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { server, seen, url: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('the dialing side', () => {
  const defaultMinVersion = tls.DEFAULT_MIN_VERSION;
  const [, dial] = kindsOfClient[0]!;

  beforeEach(() => {
    tls.DEFAULT_MIN_VERSION = 'TLSv1'; // As --tls-min-v1.0 sets it.
  });

  afterEach(() => {
    tls.DEFAULT_MIN_VERSION = defaultMinVersion;
  });

  it('says nothing to a server of TLS 1.1, whatever the default of Node is', async () => {
    const { url, seen } = await listen({ maxVersion: 'TLSv1.1', ciphers });
    const context = tls.createSecureContext({ ca: pem('ca'), ciphers });

    const calls = dial(url, credentials.createFromSecureContext(context));
    const error = await endOf(firstValueFrom(calls.echo({})));

    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('speaks TLSv1.1 only') as unknown,
    });
    // So the versions did meet.
    expect(seen.connections).toBeGreaterThan(0);
    expect(seen.bytes).toBe(0);
  });
});

it.each(kindsOfClient)('a %s client offers h2 by ALPN, and nothing else', async (_kind, dial) => {
  let offered: string[] | undefined;
  const { url, server } = await listen({
    ALPNCallback({ protocols }) {
      offered = protocols;
      return 'h2';
    },
  });
  const accepted = once(server, 'secureConnection');
  const call = dial(url, securities.TLS.client)
    .echo({})
    .subscribe({ error() {} });

  const [socket] = (await accepted) as [tls.TLSSocket];
  call.unsubscribe();
  socket.destroy();
  expect(offered).toEqual(['h2']);
});
