import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { CallCredentials, connectivityState, Metadata, Server, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CertificateFiles } from '../../../lib/grpc/certificate-files.js';
import {
  builtInEngine,
  watchChannelCredentials,
  watchServerCredentials,
} from '../../../lib/grpc/index.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';
import { dialTls, nameAt, TlsPort } from '../../fixtures/grpc/tls-port.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { PemFolder } from '../../fixtures/nest/pem-folder.js';
import { pem, serverWith } from '../../fixtures/nest/tls.js';

const echoing: Partial<Handlers> = {
  unary: ({ request }, callback) => callback(null, request),
};
const cutShort = Buffer.concat([pem('ca'), pem('next-ca').subarray(0, 300)]);

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('files that cannot be used fail at the start, by option and file', () => {
  it.each<[what: string, (folder: PemFolder) => PemFolder, says: RegExp]>([
    [
      'a missing one',
      (folder) => folder.remove(folder.keyFile),
      /^"keyFile" \(.*tls\.key\) cannot be used: ENOENT/,
    ],
    [
      'an empty certificate',
      (folder) => folder.write(folder.certFile, ''),
      /^"certFile" \(.*tls\.crt\) cannot be used: there is no certificate in it$/,
    ],
    [
      'a certificate of nonsense',
      (folder) =>
        folder.write(
          folder.certFile,
          '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
        ),
      /^"certFile" \(.*tls\.crt\) cannot be used: .*asn1/,
    ],
    [
      'a key of nonsense',
      (folder) => folder.write(folder.keyFile, 'nonsense'),
      /^"keyFile" \(.*tls\.key\) cannot be used: /,
    ],
    [
      'the key of another certificate',
      (folder) => folder.write(folder.keyFile, pem('client-key')),
      /^"keyFile" \(.*tls\.key\) is not the key of the certificate in "certFile" \(.*tls\.crt\)$/,
    ],
    [
      'no authorities',
      (folder) => folder.write(folder.caFile, pem('server-key')),
      /^"caFile" \(.*ca\.crt\) cannot be used: there is no certificate in it$/,
    ],
    [
      'authorities that are cut short',
      (folder) => folder.write(folder.caFile, cutShort),
      /^"caFile" \(.*ca\.crt\) cannot be used: a certificate in it is cut short$/,
    ],
  ])('%s', (_what, spoil, says) => {
    const folder = new PemFolder().own('server').authorities('ca');
    spoil(folder);
    expect(() => watchServerCredentials(folder.files)).toThrow(says);
    expect(() => watchChannelCredentials(folder.files)).toThrow(says);
  });
});

describe('options', () => {
  it.each([0, 1.5, -1, Number.NaN, 2 ** 31])('refreshMs is not %s', (refreshMs) => {
    const { files } = new PemFolder().own('server').authorities('ca');
    expect(() => watchServerCredentials({ ...files, refreshMs })).toThrow(/"refreshMs"/);
  });

  it('certFile and keyFile are needed to listen', () => {
    const { certFile, keyFile } = new PemFolder().own('server');
    expect(() => watchServerCredentials({ certFile } as never)).toThrow(
      /needs the option "keyFile"/,
    );
    expect(() => watchServerCredentials({ keyFile } as never)).toThrow(
      /needs the option "certFile"/,
    );
  });

  it('requireClientCertificate needs caFile: else any public authority would do', () => {
    const { certFile, keyFile } = new PemFolder().own('server');
    expect(() =>
      watchServerCredentials({ certFile, keyFile, requireClientCertificate: true }),
    ).toThrow(/"requireClientCertificate" needs "caFile"/);
  });

  it('certFile and keyFile are given together to dial, and some file is', () => {
    const { certFile, keyFile } = new PemFolder().own('client');
    expect(() => watchChannelCredentials({ certFile })).toThrow(/"keyFile" must be given together/);
    expect(() => watchChannelCredentials({ keyFile })).toThrow(/"keyFile" must be given together/);
    expect(() => watchChannelCredentials({})).toThrow(/there is no file to read/);
  });
});

describe('watchServerCredentials', () => {
  it('keeps what was good when files break, says so once, and goes on looking', async () => {
    const folder = new PemFolder().own('server').authorities('ca');
    const onError = vi.fn<(error: Error) => void>();
    const onRenewed = vi.fn<() => void>();
    const { port } = await TlsPort.open(
      watchServerCredentials({ ...folder.files, refreshMs: 10, onError, onRenewed }),
    );

    folder.write(folder.caFile, cutShort);
    await eventually(() => onError.mock.lastCall?.[0].message).toContain('cut short');
    folder.authorities('ca').remove(folder.keyFile);
    await eventually(() => onError.mock.lastCall?.[0].message).toContain('ENOENT');
    expect(await nameAt(port)).toBe('server');
    expect(onError).toHaveBeenCalledTimes(2);
    expect(onRenewed).not.toHaveBeenCalled();

    folder.own('next-server');
    await eventually(() => onRenewed.mock.calls.length).toBe(1);
    expect(await nameAt(port)).toBe('next-server');
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it('warns the process where nobody else wants to know', async () => {
    const folder = new PemFolder().own('server');
    const { certFile, keyFile } = folder;
    await TlsPort.open(watchServerCredentials({ certFile, keyFile, refreshMs: 10 }));
    const warned = once(process, 'warning');
    folder.write(keyFile, pem('client-key'));
    expect(await warned).toMatchObject([
      { name: 'CertificateWarning', message: expect.stringContaining('is not the key') as unknown },
    ]);
  });

  it('looks while somebody listens, and when somebody begins to', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const folder = new PemFolder().own('server');
    const { certFile, keyFile } = folder;
    const onRenewed = vi.fn<() => void>();
    const credentials = watchServerCredentials({ certFile, keyFile, onRenewed });
    expect(vi.getTimerCount()).toBe(0);
    const port = await TlsPort.open(credentials);
    const other = await TlsPort.open(credentials);
    expect(vi.getTimerCount()).toBe(1);
    await port.close();
    expect(vi.getTimerCount()).toBe(1);
    await other.close();
    expect(vi.getTimerCount()).toBe(0);

    folder.own('next-server');
    await port.listen();
    await eventually(() => onRenewed.mock.calls.length).toBe(1);
    expect(await nameAt(port.port)).toBe('next-server');
  });

  it('serves clients without a certificate where none is required', async () => {
    const { files } = new PemFolder().own('server').authorities('ca');
    const credentials = watchServerCredentials({ ...files, requireClientCertificate: false });
    const { port, served } = await TlsPort.open(credentials);
    for (const own of [undefined, 'client', 'next-client']) {
      const count = served.length;
      dialTls(port, own === undefined ? {} : { cert: pem(own), key: pem(`${own}-key`) });
      await eventually(() => served.length).toBe(count + 1);
    }
    expect(served.map(({ authorized }) => authorized)).toEqual([false, true, false]);
  });

  it('is ready for the first client of a server of grpc-js, too', async () => {
    const { certFile, keyFile } = new PemFolder().own('server');
    const server = new Server();
    const credentials = watchServerCredentials({ certFile, keyFile });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, at) =>
        error ? reject(error) : resolve(at),
      );
    });
    expect(await nameAt(port)).toBe('server');
    server.forceShutdown();
  });
});

describe('watchChannelCredentials', () => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  /** A gRPC server with TLS; resolves with its address and what it serves on. */
  async function serve(handlers: Partial<Handlers> = {}) {
    const grpc = builtInEngine.createServer();
    grpc.addService(service, { ...echoing, ...handlers });
    const port = await TlsPort.open(serverWith('server'), (socket) => grpc.serve(socket));
    site.after(() => grpc.forceShutdown());
    return { address: `127.0.0.1:${port.port}`, served: port.served };
  }

  it('keeps what was good when files break, and says so once', async () => {
    const folder = new PemFolder().authorities('ca');
    const onError = vi.fn<(error: Error) => void>();
    const { address, served } = await serve();
    const { caFile } = folder;
    const channel = site.channel(address, {}, watchChannelCredentials({ caFile, onError }));
    expect(await new RawCall(channel).ended).toBe(status.OK);

    folder.write(caFile, cutShort);
    for (const reconnects of [1, 2]) {
      served.at(-1)!.destroy();
      await stateIs(channel, connectivityState.IDLE);
      expect(await new RawCall(channel).ended).toBe(status.OK);
      expect(served).toHaveLength(1 + reconnects);
    }
    expect(onError.mock.calls.flat().map(String)).toEqual([
      expect.stringContaining('a certificate in it is cut short'),
    ]);

    folder.authorities('next-ca');
    served.at(-1)!.destroy();
    await stateIs(channel, connectivityState.IDLE);
    const refused = new RawCall(channel);
    expect(await refused.ended).toBe(status.UNAVAILABLE);
    expect(refused.details).toContain('unable to verify');
  });

  it('trusts the authorities that grpc-js is told to in the environment', async () => {
    const { address } = await serve();
    const { caFile } = new PemFolder().authorities('ca');
    vi.stubEnv('GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', caFile);
    const { certFile, keyFile } = new PemFolder().own('client');
    const channel = site.channel(address, {}, watchChannelCredentials({ certFile, keyFile }));
    expect(await new RawCall(channel).ended).toBe(status.OK);
  });

  it('asks `verifyOptions` for its opinion, and takes credentials of calls', async () => {
    const { caFile } = new PemFolder().authorities('ca');
    const tokens: unknown[] = [];
    const { address } = await serve({
      unary({ metadata, request }, callback) {
        tokens.push(...metadata.get('token'));
        callback(null, request);
      },
    });
    const checkServerIdentity = vi.fn<() => Error | undefined>();
    const credentials = watchChannelCredentials({ caFile, verifyOptions: { checkServerIdentity } });
    const withToken = CallCredentials.createFromMetadataGenerator((_options, callback) => {
      const metadata = new Metadata();
      metadata.set('token', 'a token');
      callback(null, metadata);
    });
    const channel = site.channel(address, {}, credentials.compose(withToken));
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(tokens).toEqual(['a token']);
    expect(checkServerIdentity).toHaveBeenCalledTimes(1);
  });
});

describe('CertificateFiles', () => {
  it('wait for the second of two files before they complain', async () => {
    const folder = new PemFolder().own('server');
    const { certFile, keyFile } = folder;
    const onError = vi.fn<(error: Error) => void>();
    const files = new CertificateFiles({ certFile, keyFile }, { onError });
    folder.write(certFile, pem('next-server'));
    const refreshed = files.refresh();
    await setTimeout(20);
    folder.write(keyFile, pem('next-server-key'));
    await refreshed;

    expect(onError).not.toHaveBeenCalled();
    expect(files.context.cert).toEqual(pem('next-server'));
  });

  it('give the same context while nothing changes', async () => {
    const { certFile, keyFile } = new PemFolder().own('server');
    const onRenewed = vi.fn<() => void>();
    const files = new CertificateFiles({ certFile, keyFile }, { onRenewed });
    const { context } = files;
    await Promise.all([files.refresh(), files.refresh()]);
    await files.refresh();
    expect(files.context).toBe(context);
    expect(onRenewed).not.toHaveBeenCalled();
  });
});
