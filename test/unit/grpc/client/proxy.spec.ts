import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import * as tls from 'node:tls';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { bypasses } from '../../../../lib/grpc/built-in/client/no-proxy.js';
import { builtInEngine, createListener, PROXY_OPTION } from '../../../../lib/grpc/index.js';
import { passOn, startProxy, type OnConnect } from '../../../fixtures/grpc/connect-proxy.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';
import { pem, serverWith } from '../../../fixtures/nest/tls.js';

const VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'];

const answering: Partial<Handlers> = {
  unary: ({ request }, callback) => callback(null, request),
};

let site: Site;

beforeEach(() => {
  site = new Site();
  for (const name of VARIABLES) vi.stubEnv(name, '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await site.close();
});

/** How a call ends on a channel with `options`, while the environment is `env`. */
async function endOf(
  address: string,
  options: Record<string, unknown> = {},
  env: Record<string, string> = {},
): Promise<{ code: status; details: string }> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const call = new RawCall(site.channel(address, options as never));
  const code = await call.ended;
  return { code, details: call.details };
}

/** The address of a gRPC server with TLS. */
async function secureTarget(): Promise<string> {
  const grpc = builtInEngine.createServer();
  grpc.addService(service, { ...answering });
  const server = createListener(serverWith('server'));
  server.on('secureConnection', (socket: Socket) => grpc.serve(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  site.after(() => {
    grpc.forceShutdown();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an HTTP proxy', () => {
  it.each(['grpc_proxy', 'https_proxy', 'http_proxy'])(
    'that the environment names by %s is asked to connect to the target',
    async (variable) => {
      const { address } = await site.serve(answering);
      const proxy = await startProxy(site);

      const { code } = await endOf(address, {}, { [variable]: `http://127.0.0.1:${proxy.port}` });

      expect(code).toBe(status.OK);
      expect(proxy.asked).toEqual([address]);
      expect(proxy.headers[0]).toMatchObject({ host: address });
      expect(proxy.headers[0]).not.toHaveProperty('proxy-authorization');
    },
  );

  it('of the option counts before the environment and for every host', async () => {
    const { address } = await site.serve(answering);
    const proxy = await startProxy(site);
    const nobody = await site.closedAddress();

    const { code } = await endOf(
      address,
      { [PROXY_OPTION]: `http://127.0.0.1:${proxy.port}` },
      { https_proxy: `http://${nobody}`, no_proxy: '*' },
    );

    expect(code).toBe(status.OK);
    expect(proxy.asked).toEqual([address]);
  });

  it.each<[string, Record<string, unknown>, Record<string, string>]>([
    ['the option is false', { [PROXY_OPTION]: false }, {}],
    ['"grpc.enable_http_proxy" is 0', { 'grpc.enable_http_proxy': 0 }, {}],
    ['no_proxy names the host', {}, { no_proxy: 'elsewhere.example, 127.0.0.0/8' }],
    ['no_grpc_proxy does', {}, { no_grpc_proxy: '127.0.0.1', no_proxy: 'elsewhere.example' }],
  ])('is not asked where %s', async (_what, options, env) => {
    const { address } = await site.serve(answering);
    const proxy = await startProxy(site);
    const https_proxy = `http://127.0.0.1:${proxy.port}`;

    const { code } = await endOf(address, options, { https_proxy, ...env });

    expect(code).toBe(status.OK);
    expect(proxy.asked).toEqual([]);
  });

  it('gets the user and the password of its url', async () => {
    const { address } = await site.serve(answering);
    const proxy = await startProxy(site);

    await endOf(address, { [PROXY_OPTION]: `http://me:s%3Acret@127.0.0.1:${proxy.port}` });

    const authorization = `Basic ${Buffer.from('me:s:cret').toString('base64')}`;
    expect(proxy.headers[0]).toMatchObject({ 'proxy-authorization': authorization });
  });

  it.each<[string, string, string]>([
    [
      '407',
      'HTTP/1.1 407 whatever\r\ncontent-length: 3\r\n\r\nabc',
      '407 Proxy Authentication Required; its url needs a user name and a password',
    ],
    ['502', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', '502 Bad Gateway'],
    ['a status nobody knows', 'HTTP/1.1 799 <script>\r\n\r\n', '799 no known status'],
    ['another success than 200', 'HTTP/1.1 204 No Content\r\n\r\n', '204 No Content'],
  ])('that answers %s fails the attempt, and is named', async (_what, answer, says) => {
    const proxy = await startProxy(site, (near) => void near.end(answer));
    const url = `http://me:secret@127.0.0.1:${proxy.port}`;

    const { code, details } = await endOf('hub.example:50051', { [PROXY_OPTION]: url });

    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toContain(
      `the proxy 127.0.0.1:${proxy.port} refused to connect to hub.example:50051: ${says}`,
    );
    expect(details).not.toContain('secret');
  });

  it.each<[string, OnConnect]>([
    ['closes', (near) => void near.destroy()],
    ['answers in another protocol', (near) => void near.resume().end('SSH-2.0-OpenSSH_9.6\r\n')],
    [
      'answers with endless headers',
      (near) => void near.resume().end(`HTTP/1.1 200 OK\r\na: ${'b'.repeat(100_000)}`),
    ],
  ])('that %s fails the attempt, and is named', async (_what, onConnect) => {
    const proxy = await startProxy(site, onConnect);

    const { code, details } = await endOf('hub.example:50051', {
      [PROXY_OPTION]: `http://127.0.0.1:${proxy.port}`,
    });

    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toContain(`the proxy 127.0.0.1:${proxy.port}: `);
    await eventually(() => [...proxy.sockets].every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('that never answers is hung up on when the channel is closed', async () => {
    const proxy = await startProxy(site, (near) => void near.resume());
    const options = { [PROXY_OPTION]: `http://127.0.0.1:${proxy.port}` };
    const channel = site.channel('hub.example:50051', options as never);
    const call = new RawCall(channel);
    await eventually(() => proxy.asked).toEqual(['hub.example:50051']);

    channel.close();

    expect(await call.ended).toBe(status.UNAVAILABLE);
    await eventually(() => [...proxy.sockets].every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('may send the first bytes of the target together with its answer', async () => {
    const { address } = await site.serve(answering);
    const proxy = await startProxy(site, (near, request, head) => {
      // The answer is held back until the server has spoken, which it does first.
      const write = near.write.bind(near);
      let answer: Buffer | undefined;
      near.write = ((chunk: Buffer | string) => {
        if (answer === undefined) answer = Buffer.from(chunk);
        else if (answer.length > 0) {
          write(Buffer.concat([answer, Buffer.from(chunk)]));
          answer = Buffer.alloc(0);
        } else write(chunk);
        return true;
      }) as typeof near.write;
      passOn(near, request, head);
    });

    const { code } = await endOf(address, { [PROXY_OPTION]: `http://127.0.0.1:${proxy.port}` });

    expect(code).toBe(status.OK);
  });

  it('passes TLS through: the certificate is that of the target', async () => {
    const target = await secureTarget();
    const proxy = await startProxy(site);
    const options = { [PROXY_OPTION]: `http://127.0.0.1:${proxy.port}` };
    const channel = site.channel(target, options as never, credentials.createSsl(pem('ca')));

    expect(await new RawCall(channel).ended).toBe(status.OK);

    expect(proxy.asked).toEqual([target]);
  });

  it('with an https: url must have a certificate that is trusted', async () => {
    const secured = { key: pem('server-key'), cert: pem('server') };
    const proxy = await startProxy(site, passOn, secured);

    const { code, details } = await endOf('hub.example:50051', {
      [PROXY_OPTION]: `https://localhost:${proxy.port}`,
    });

    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toMatch(/the proxy localhost:\d+: unable to verify the first certificate/);
    expect(proxy.asked).toEqual([]);
  });

  it.runIf('setDefaultCACertificates' in tls)(
    'with an https: url is spoken to in TLS',
    async () => {
      const { setDefaultCACertificates, getCACertificates } = tls as unknown as {
        setDefaultCACertificates(certificates: readonly (string | Buffer)[]): void;
        getCACertificates(): string[];
      };
      const before = getCACertificates();
      setDefaultCACertificates([pem('ca').toString()]);
      onTestFinished(() => setDefaultCACertificates(before));
      const { address } = await site.serve(answering);
      const secured = { key: pem('server-key'), cert: pem('server') };
      const proxy = await startProxy(site, passOn, secured);

      const { code } = await endOf(address, { [PROXY_OPTION]: `https://localhost:${proxy.port}` });

      expect(code).toBe(status.OK);
      expect(proxy.asked).toEqual([address]);
    },
  );

  it.each([
    'proxy.example:3128',
    'socks5://proxy.example:1080',
    'http://',
    'http://%zz@proxy.example',
    '',
    true,
    3128,
  ])('cannot be %j, which is told when the channel is made', (url) => {
    const make = () => site.channel('hub.example:50051', { [PROXY_OPTION]: url } as never);

    expect(make).toThrow(
      '"proxy" must be the url of an HTTP proxy, such as "http://user:password@proxy.example:3128"',
    );
  });

  it('that the environment names wrongly is told with the name of the variable', () => {
    vi.stubEnv('https_proxy', 'socks5://me:secret@proxy.example');

    expect(() => site.channel('hub.example:50051')).toThrow(
      /^the environment variable https_proxy must be the url of an HTTP proxy, (?!.*secret)/,
    );
  });
});

describe('a list of hosts without proxy', () => {
  it.each<[list: string, host: string, port: number]>([
    ['*', 'hub.example', 1],
    ['hub.example', 'hub.example', 1],
    ['hub.example', 'HUB.example', 1],
    ['example', 'hub.example', 1],
    ['.hub.example', 'a.hub.example', 1],
    ['*.hub.example', 'a.hub.example', 1],
    ['hub.example:443', 'hub.example', 443],
    ['a.example , hub.example', 'hub.example', 1],
    ['10.0.0.0/8', '10.1.2.3', 1],
    ['10.1.2.3', '10.1.2.3', 1],
    ['10.1.2.3:443', '10.1.2.3', 443],
    ['2001:db8::/32', '2001:db8:1::1', 1],
    ['2001:db8::1', '2001:db8:0::1', 1],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
  ])('%j names %s:%i', (list, host, port) => {
    expect(bypasses(list, host, port)).toBe(true);
  });

  it.each<[list: string, host: string, port: number]>([
    ['', 'hub.example', 1],
    [',', 'hub.example', 1],
    ['ub.example', 'hub.example', 1],
    ['hub.example:443', 'hub.example', 80],
    ['10.0.0.0/8', '11.0.0.1', 1],
    ['10.0.0.0/33', '10.0.0.1', 1],
    ['10.0.0.0/x', '10.0.0.1', 1],
    ['10.0.0.0/8', 'hub.example', 1],
    ['0.1', '10.0.0.1', 1],
    ['2001:db8::/32', '10.0.0.1', 1],
  ])('%j does not name %s:%i', (list, host, port) => {
    expect(bypasses(list, host, port)).toBe(false);
  });
});
