import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BackchannelClient, ListenMuxServer } from 'nestjs-backchannel';
import { startProxy } from '../../fixtures/grpc/connect-proxy.js';
import { Site } from '../../fixtures/grpc/site.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { registerTestResolver } from '../../fixtures/grpc/test-resolver.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import { gitalyProto, praefectProto, type Gitaly } from '../../fixtures/nest/protos.js';

const services = { ...gitalyProto, backchannel: praefectProto };
const voted = { voter: 'praefect' };

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await site.close();
});

async function mutateAt(url: string, options: { proxy?: string | false; engine?: 'built-in' }) {
  const parts = { controllers: [PraefectController] };
  const { client } = await startDialer({ ...services, url, ...options }, parts);
  return firstValueFrom(client.getService<Gitaly>('Gitaly').mutator({}));
}

describe('a dialing side', () => {
  it('is called back through the proxy that the environment names', async () => {
    const { url } = await startListener(services, { controllers: [GitalyController] });
    const proxy = await startProxy(site);
    vi.stubEnv('https_proxy', `http://127.0.0.1:${proxy.port}`);

    expect(await mutateAt(url, {})).toEqual(voted);

    expect(proxy.asked).toEqual([url]);
  });

  it('is called back through the proxy of its option', async () => {
    const { url } = await startListener(services, { controllers: [GitalyController] });
    const proxy = await startProxy(site);

    const option = `http://127.0.0.1:${proxy.port}`;
    expect(await mutateAt(url, { proxy: option, engine: 'built-in' })).toEqual(voted);

    expect(proxy.asked).toEqual([url]);
  });

  it('asks no proxy where the option is false', async () => {
    const { url } = await startListener(services, { controllers: [GitalyController] });
    const proxy = await startProxy(site);
    vi.stubEnv('https_proxy', `http://127.0.0.1:${proxy.port}`);

    expect(await mutateAt(url, { proxy: false })).toEqual(voted);

    expect(proxy.asked).toEqual([]);
  });

  it.each(['proxy.example:3128', 'socks5://proxy.example', '', true])(
    'refuses %j for a proxy when it is made',
    (proxy) => {
      const make = () => new BackchannelClient({ ...services, proxy: proxy as string });

      expect(make).toThrow(/BackchannelClient: "proxy" must be the url of an HTTP proxy, /);
    },
  );

  it('refuses a proxy with the engine grpc-js, and names the remedy', () => {
    const options = { ...services, engine: 'grpc-js', proxy: 'http://proxy.example' } as const;

    expect(() => new BackchannelClient(options)).toThrow(
      'set the environment variable https_proxy',
    );
  });
});

describe('the built-in engine', () => {
  const serviceConfig = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [] }) };

  it('has the log say which clients it leaves to grpc-js, and why', () => {
    registerTestResolver('xds');
    const lines = logLinesOf('BackchannelClient');
    const lazy = { ...services, engine: 'built-in', lazy: true } as const;
    closing(new BackchannelClient({ ...lazy, url: 'xds:///hub' }));
    closing(new BackchannelClient({ ...lazy, url: 'hub:1', channelOptions: serviceConfig }));
    closing(new BackchannelClient({ ...lazy, url: 'hub:2' }));

    expect(lines.map(({ message }) => message)).toEqual([
      'the client of xds:///hub runs on grpc-js, not on the built-in engine: the target "xds:///hub" needs a resolver',
      'the client of hub:1 runs on grpc-js, not on the built-in engine: "grpc.service_config" is set',
    ]);
  });

  it('has the log say so of a server and of its channels to peers', async () => {
    const lines = logLinesOf('ListenMuxServer');
    const server = new ListenMuxServer({
      ...services,
      engine: 'built-in',
      channelOptions: { 'grpc.server_call_metric_recording': 1 },
      backchannel: { ...praefectProto, channelOptions: serviceConfig },
    });

    await server.createClient();

    expect(lines.map(({ message }) => message)).toEqual([
      'this server runs on grpc-js, not on the built-in engine: "grpc.server_call_metric_recording" is set',
      'the channel to each peer runs on grpc-js, not on the built-in engine: "grpc.service_config" is set',
    ]);
  });
});
