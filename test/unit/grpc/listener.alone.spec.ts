import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls, { type SecureContextOptions, type TLSSocket } from 'node:tls';
import { experimental, Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createListener } from '../../../lib/grpc/index.js';
import { closed, dialTls, nameAt, TlsPort } from '../../fixtures/grpc/tls-port.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { PemFolder } from '../../fixtures/nest/pem-folder.js';
import { keyCertPair, pem, securities } from '../../fixtures/nest/tls.js';

const { TLS, 'mutual TLS': mutualTls } = securities;

/** Credentials that a test renews, and that allow whatever OpenSSL can do at all. */
class LaxCredentials extends ServerCredentials {
  constructor(name?: string, options: tls.TlsOptions = {}) {
    super(
      { ciphers: 'DEFAULT@SECLEVEL=0', ...options },
      name === undefined ? undefined : LaxCredentials.#contextOf(name),
    );
  }

  static #contextOf(name: string): SecureContextOptions {
    const { cert_chain, private_key } = keyCertPair(name);
    return { cert: cert_chain, key: private_key };
  }

  renew(name: string, authority?: string): void {
    const ca = authority === undefined ? undefined : pem(authority);
    this.updateSecureContextOptions({ ...LaxCredentials.#contextOf(name), ca });
  }

  get isWatched(): boolean {
    return this.getWatcherCount() > 0;
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** The version that a connection has, or the code of the error that it ends with. */
async function versionOf(socket: TLSSocket): Promise<string | null | undefined> {
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

describe('the version of TLS', () => {
  const upTo11 = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  } as const;
  const REFUSED = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION';
  const defaultMinVersion = tls.DEFAULT_MIN_VERSION;

  beforeEach(() => {
    tls.DEFAULT_MIN_VERSION = 'TLSv1'; // As --tls-min-v1.0 sets it.
  });

  afterEach(() => {
    tls.DEFAULT_MIN_VERSION = defaultMinVersion;
  });

  it('is 1.2 at least, whatever the default of Node is', async () => {
    const { port, refusals } = await TlsPort.open(new LaxCredentials('server'));

    expect(await versionOf(dialTls(port, upTo11))).toBe(REFUSED);
    expect(await versionOf(dialTls(port, { maxVersion: 'TLSv1.2' }))).toBe('TLSv1.2');
    expect(refusals).toEqual([expect.stringContaining('unsupported protocol')]);
  });

  it('would be 1.1 without that: Node and OpenSSL of this machine can do it', async () => {
    const { cert_chain: cert, private_key: key } = keyCertPair('server');
    const server = tls.createServer({ cert, key, ciphers: 'DEFAULT@SECLEVEL=0' });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = dialTls((server.address() as AddressInfo).port, upTo11);

    expect(await versionOf(client)).toBe('TLSv1.1');
    client.destroy();
    server.close();
  });

  it('stays so when certificates are renewed', async () => {
    const credentials = new LaxCredentials('server');
    const { port } = await TlsPort.open(credentials);
    credentials.renew('next-server');

    expect(await versionOf(dialTls(port, upTo11))).toBe(REFUSED);
    expect(await nameAt(port)).toBe('next-server');
  });

  it('is 1.3 where the default of Node says so, or the credentials', async () => {
    const strict = await TlsPort.open(new LaxCredentials('server', { minVersion: 'TLSv1.3' }));
    expect(await versionOf(dialTls(strict.port, { maxVersion: 'TLSv1.2' }))).toBe(REFUSED);

    tls.DEFAULT_MIN_VERSION = 'TLSv1.3'; // As --tls-min-v1.3 sets it.
    const { port } = await TlsPort.open(new LaxCredentials('server'));
    const upTo12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    expect(await versionOf(dialTls(port, upTo12))).toBe(REFUSED);
  });
});

describe('a client', () => {
  it('that does not choose h2 by ALPN is refused, as by the server of grpc-js', async () => {
    const { port, served, refusals } = await TlsPort.open(TLS.server);
    const grpcJs = new Server();
    const grpcJsPort = await new Promise<number>((resolve, reject) => {
      grpcJs.bindAsync('127.0.0.1:0', TLS.server, (error, at) =>
        error ? reject(error) : resolve(at),
      );
    });

    for (const at of [port, grpcJsPort]) {
      const client = dialTls(at, { ALPNProtocols: undefined });
      await closed(client);
      expect(client.alpnProtocol).toBe(false);
    }
    for (const at of [port, grpcJsPort]) {
      const client = dialTls(at, { ALPNProtocols: ['http/1.1'] });
      expect(await versionOf(client)).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
    }
    grpcJs.forceShutdown();
    expect(served).toEqual([]);
    expect(refusals).toEqual([
      'the client did not choose the protocol "h2" by ALPN',
      expect.stringContaining('no application protocol') as unknown,
    ]);
  });

  it('without ALPN ends no process where nobody listens to its socket', async () => {
    const server = createListener(TLS.server).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = dialTls((server.address() as AddressInfo).port, { ALPNProtocols: undefined });
    await closed(client);
    await once(server.close(), 'close');
  });

  it.each<[what: string, tls.ConnectionOptions, why: string]>([
    ['without a certificate', {}, 'peer did not return a certificate'],
    [
      'with a certificate of another authority',
      { cert: pem('next-client'), key: pem('next-client-key') },
      'TLS: the certificate of the client was refused (',
    ],
    [
      'with a certificate that is not for clients',
      { cert: pem('server'), key: pem('server-key') },
      'TLS: the certificate of the client was refused (INVALID_PURPOSE)',
    ],
  ])('%s is refused for mutual TLS, and the operator is told why', async (_what, options, why) => {
    const { port, served, refusals } = await TlsPort.open(mutualTls.server);
    await closed(dialTls(port, options));

    await eventually(() => refusals).toEqual([expect.stringContaining(why)]);
    expect(served).toEqual([]);
  });

  it('that just leaves is nothing to tell the operator', async () => {
    const { port, refusals, served } = await TlsPort.open(TLS.server);
    const client = dialTls(port);
    await once(client, 'connect');
    client.destroy();

    dialTls(port);
    await eventually(() => served.length).toBe(1);
    expect(refusals).toEqual([]);
  });
});

describe('renewing credentials of grpc-js', () => {
  const logged = vi.fn<(...words: unknown[]) => void>();

  const watching = (folder: PemFolder): ServerCredentials =>
    experimental.createCertificateProviderServerCredentials(
      new experimental.FileWatcherCertificateProvider({
        certificateFile: folder.certFile,
        privateKeyFile: folder.keyFile,
        refreshIntervalMs: 20,
      }),
      null,
      false,
    );

  beforeEach(() => {
    logged.mockReset();
    setLogger({ error: logged });
  });

  afterEach(() => {
    setLogger(console);
  });

  it('have connections closed until there are certificates', async () => {
    const folder = new PemFolder();
    const { port, refusals } = await TlsPort.open(watching(folder));
    await closed(dialTls(port));
    expect(refusals).toEqual(['TLS: there is no certificate yet']);

    folder.own('server');
    await expect.poll(() => nameAt(port).catch(() => 'nobody')).toBe('server');
  });

  it('show new certificates to new connections, and leave the others alone', async () => {
    const folder = new PemFolder().own('server');
    const { port, served } = await TlsPort.open(watching(folder));
    await expect.poll(() => nameAt(port).catch(() => 'nobody')).toBe('server');
    const before = dialTls(port);
    await once(before, 'secureConnect');

    folder.own('next-server');
    await expect.poll(() => nameAt(port)).toBe('next-server');

    const socket = served.find(({ remotePort }) => remotePort === before.localPort);
    socket!.write('still here');
    expect(String((await once(before, 'data'))[0])).toBe('still here');
  });

  it('keep what was good when files break, and say so once', async () => {
    const folder = new PemFolder().own('server');
    const { port } = await TlsPort.open(watching(folder));
    await expect.poll(() => nameAt(port).catch(() => 'nobody')).toBe('server');

    folder.write(folder.keyFile, pem('client-key'));
    await eventually(() => logged.mock.calls.flat().join()).toContain('key values mismatch');
    expect(await nameAt(port)).toBe('server');
    folder.remove(folder.certFile);
    await eventually(() => logged.mock.calls.flat().join()).toContain('cannot be read');
    expect(await nameAt(port)).toBe('server');
    expect(logged).toHaveBeenCalledTimes(2);

    folder.own('next-server');
    await expect.poll(() => nameAt(port)).toBe('next-server');
  });

  it('are watched only while somebody listens', async () => {
    const credentials = new LaxCredentials('server');
    const unused = createListener(credentials);
    expect(credentials.isWatched).toBe(false);
    unused.close();

    const port = await TlsPort.open(credentials);
    expect(credentials.isWatched).toBe(true);
    await port.close();
    expect(credentials.isWatched).toBe(false);
  });

  it('may be renewed while nobody listens', async () => {
    const credentials = new LaxCredentials();
    const port = await TlsPort.open(credentials);
    await port.close();
    credentials.renew('server');
    credentials.renew('next-server');
    await port.listen();
    expect(await nameAt(port.port)).toBe('next-server');
  });

  it('keep the list of ciphers', async () => {
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384';
    const credentials = new LaxCredentials('server', { ciphers, maxVersion: 'TLSv1.2' });
    const { port } = await TlsPort.open(credentials);
    credentials.renew('next-server');
    const client = dialTls(port, { maxVersion: 'TLSv1.2' });
    await once(client, 'secureConnect');
    expect(client.getCipher().name).toBe(ciphers);
    const other = dialTls(port, {
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    });
    expect(await versionOf(other)).toMatch(/^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/);
  });

  it('judge clients by the new authorities, also those that resume a session', async () => {
    const credentials = new LaxCredentials('server', { requestCert: true, ca: pem('ca') });
    const { port, served } = await TlsPort.open(credentials);
    const isServed = async (options: tls.ConnectionOptions): Promise<TLSSocket | undefined> => {
      const client = dialTls(port, options);
      const found = (): TLSSocket | undefined =>
        served.find(({ remotePort }) => remotePort === client.localPort);
      await once(client, 'secureConnect');
      await Promise.race([closed(client), eventually(() => found() !== undefined).toBe(true)]);
      return found();
    };
    const client = dialTls(port, { cert: pem('client'), key: pem('client-key') });
    const [session] = (await once(client, 'session')) as [Buffer];
    // Until then a session is a pass.
    expect((await isServed({ session }))?.isSessionReused()).toBe(true);

    credentials.renew('server', 'next-ca');
    const next = { cert: pem('next-client'), key: pem('next-client-key') };
    expect(await isServed(next)).toBeDefined();
    expect(await isServed({ session })).toBeUndefined();
    expect(await isServed({ cert: pem('client'), key: pem('client-key') })).toBeUndefined();
  });
});
