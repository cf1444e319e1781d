import {
  experimental,
  status,
  type ChannelCredentials,
  type ServerCredentials,
} from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  watchChannelCredentials,
  watchServerCredentials,
  type StubFactory,
} from 'nestjs-backchannel';
import { nameAt } from '../../fixtures/grpc/tls-port.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf } from '../../fixtures/nest/end-of.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { PemFolder } from '../../fixtures/nest/pem-folder.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { pem } from '../../fixtures/nest/tls.js';

const parts = { controllers: [CallsController] };
const REFRESH_MS = 20;

const start = (credentials: ServerCredentials) =>
  startListener({ ...callsProto, credentials, backchannel: callsProto }, parts);

const dial = (url: string, credentials: ChannelCredentials) =>
  startDialer(
    {
      url,
      ...callsProto,
      credentials,
      backchannel: callsProto,
      channelOptions: { 'grpc.initial_reconnect_backoff_ms': 50 },
    },
    parts,
  );

/** The name in the certificate that the handlers of the other end are shown. */
async function nameShownBy(stubs: StubFactory): Promise<string | undefined> {
  const reply = await firstValueFrom(stubs.getService<Calls>('Calls').inspect({}));
  return reply.certificateName?.replace(' (tests of nestjs-backchannel)', '');
}

/** Credentials of both sides that follow files. */
interface Watching {
  server: ServerCredentials;
  client: ChannelCredentials;
  /** Resolves when a connection of the dialing side would show this certificate. */
  clientHas(name: string): Promise<void>;
}

function ofThisPackage(server: PemFolder, client: PemFolder): Watching {
  return {
    server: watchServerCredentials({ ...server.files, refreshMs: REFRESH_MS }),
    // The files go while grpc-js makes its last attempts.
    client: watchChannelCredentials({ ...client.files, onError() {} }),
    clientHas: async () => {}, // It looks when it connects.
  };
}

function ofGrpcJs(server: PemFolder, client: PemFolder): Watching {
  const follow = ({ files }: PemFolder): experimental.CertificateProvider =>
    new experimental.FileWatcherCertificateProvider({
      certificateFile: files.certFile,
      privateKeyFile: files.keyFile,
      caCertificateFile: files.caFile,
      refreshIntervalMs: REFRESH_MS,
    });
  const [ours, theirs] = [follow(server), follow(client)];
  return {
    // Identity first, whatever the names of its parameters.
    server: experimental.createCertificateProviderServerCredentials(ours, ours, true),
    client: experimental.createCertificateProviderChannelCredentials(theirs, theirs),
    clientHas: (name) =>
      new Promise((resolve) => {
        const listener: experimental.IdentityCertificateUpdateListener = (update) => {
          if (!update?.certificate.equals(pem(name))) return;
          theirs.removeIdentityCertificateListener(listener);
          resolve();
        };
        theirs.addIdentityCertificateListener(listener);
      }),
  };
}

describe.each([
  ['of this package', ofThisPackage],
  ['of grpc-js', ofGrpcJs],
])('credentials %s that follow files', (_whose, watch) => {
  it('show new certificates on new connections, while the others go on', async () => {
    const server = new PemFolder().own('server').authorities('ca', 'next-ca');
    const client = new PemFolder().own('client').authorities('ca', 'next-ca');
    const watching = watch(server, client);
    const { url, port, registry } = await start(watching.server);
    const first = await dial(url, watching.client);
    const [before] = registry;
    expect(await nameShownBy(first.client)).toBe('client');
    expect(await nameShownBy(before!.backchannel)).toBe('server');

    server.own('next-server');
    client.own('next-client');
    await expect.poll(() => nameAt(port)).toBe('next-server');
    await watching.clientHas('next-client');
    const second = await dial(url, watching.client);

    const [still, after] = registry;
    expect(await nameShownBy(second.client)).toBe('next-client');
    expect(await nameShownBy(after!.backchannel)).toBe('next-server');
    expect(still!.id).toBe(before!.id);
    expect(await nameShownBy(first.client)).toBe('client');
    expect(await nameShownBy(still!.backchannel)).toBe('server');
  });

  it('judge new connections by new authorities, and let those in that have followed', async () => {
    const server = new PemFolder().own('server').authorities('ca');
    const client = new PemFolder().own('client').authorities('ca', 'next-ca');
    const watching = watch(server, client);
    const { url, port, registry } = await start(watching.server);
    const { client: connected } = await dial(url, watching.client);
    const [before] = registry;

    server.own('next-server').authorities('next-ca');
    await expect.poll(() => nameAt(port)).toBe('next-server');
    const [, create] = kindsOfClient[0]!;
    const calls = create(url, watching.client);
    const refused = await endOf(firstValueFrom(calls.echo({})));
    expect(refused).toMatchObject({ code: status.UNAVAILABLE });
    expect(await nameShownBy(connected)).toBe('client');
    expect([...registry]).toEqual([before]);

    client.own('next-client');
    await watching.clientHas('next-client');
    const { client: follower } = await dial(url, watching.client);
    expect(await nameShownBy(follower)).toBe('next-client');
  });
});
