import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  CallCredentials,
  credentials,
  experimental,
  Metadata,
  status,
  type ChannelCredentials,
  type ChannelOptions,
} from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  builtInEngine,
  createListener,
  watchChannelCredentials,
  type GrpcEngine,
} from '../../../lib/grpc/index.js';
import { engines } from '../../fixtures/engines.js';
import { addressFamilies } from '../../fixtures/grpc/address-families.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../fixtures/grpc/service.js';
import { PemFolder } from '../../fixtures/nest/pem-folder.js';
import { pem, serverWith } from '../../fixtures/nest/tls.js';

const authorities = Buffer.concat([pem('ca'), pem('address-ca')]);

const kinds: [kind: string, make: () => ChannelCredentials][] = [
  ['createSsl', () => credentials.createSsl(authorities)],
  [
    'createSsl with credentials of calls',
    () =>
      credentials.combineChannelCredentials(
        credentials.createSsl(authorities),
        CallCredentials.createFromMetadataGenerator((_call, done) => done(null, new Metadata())),
      ),
  ],
  [
    'watchChannelCredentials',
    () =>
      watchChannelCredentials({
        caFile: new PemFolder().authorities('ca', 'address-ca').caFile,
        onError() {}, // The file goes while grpc-js makes its last attempts.
      }),
  ],
  [
    'a certificate provider of grpc-js',
    () => {
      const { caFile } = new PemFolder().authorities('ca', 'address-ca');
      const files = new experimental.FileWatcherCertificateProvider({
        caCertificateFile: caFile,
        refreshIntervalMs: 60_000,
      });
      return experimental.createCertificateProviderChannelCredentials(files, null);
    },
  ],
];

const echoing: Partial<Handlers> = { unary: ({ request }, callback) => callback(null, request) };

/** A gRPC server with the certificate of that name, and the server names that clients sent to it. */
async function listen(host: string, certificate: string) {
  const grpc = builtInEngine.createServer();
  grpc.addService(service, { ...echoing });
  const names: unknown[] = [];
  const server = createListener(serverWith(certificate));
  server.on('secureConnection', (socket: TLSSocket) => {
    names.push(socket.servername);
    grpc.serve(socket);
  });
  await once(server.listen(0, host), 'listening');
  onTestFinished(() => {
    grpc.forceShutdown();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, names };
}

/** How a call ends that is made over a channel of its own. */
async function call(
  engine: GrpcEngine,
  target: string,
  security: ChannelCredentials,
  options?: ChannelOptions,
): Promise<{ code: status; details: string }> {
  const channel = engine.createDialChannel(target, security, async (socket) => socket, options);
  onTestFinished(() => channel.close());
  const made = new RawCall(channel);
  return { code: await made.ended, details: made.details };
}

const isRefused = {
  code: status.UNAVAILABLE,
  details: expect.stringContaining("does not match certificate's altnames") as unknown,
};

describe.each(engines)('channels of the engine $name', (engine) => {
  describe.each(addressFamilies)('to an %s address', (_family, host, inTarget) => {
    it.each(kinds)('are connected if the certificate names it: %s', async (_kind, make) => {
      const { port, names } = await listen(host, 'addresses');

      expect(await call(engine, `${inTarget}:${port}`, make())).toMatchObject({ code: status.OK });
      // RFC 6066 has no addresses in the place of the server's name.
      expect(names).toEqual([false]);
    });

    it.each(kinds)('are refused if the certificate does not: %s', async (_kind, make) => {
      const { port } = await listen(host, 'elsewhere');

      expect(await call(engine, `${inTarget}:${port}`, make())).toMatchObject(isRefused);
    });
  });

  it('verify the address that "grpc.ssl_target_name_override" names, and no other', async () => {
    const secure = credentials.createSsl(authorities);
    const override = { 'grpc.ssl_target_name_override': '127.0.0.1' };
    const wrong = { 'grpc.ssl_target_name_override': '127.0.0.2' };
    const { port, names } = await listen('127.0.0.1', 'addresses');

    const target = `localhost:${port}`; // It has no such name.
    expect(await call(engine, target, secure, override)).toMatchObject({ code: status.OK });
    expect(await call(engine, `127.0.0.1:${port}`, secure, wrong)).toMatchObject(isRefused);
    expect(names[0]).toBe(false);
  });

  it('send the name of a server that is dialed by name', async () => {
    const { port, names } = await listen('127.0.0.1', 'server');
    const secure = credentials.createSsl(authorities);

    expect(await call(engine, `localhost:${port}`, secure)).toMatchObject({ code: status.OK });
    expect(names).toEqual(['localhost']);
  });
});
