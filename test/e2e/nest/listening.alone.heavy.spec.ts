import { promises, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { BackchannelClient, ListenMuxServer } from 'nestjs-backchannel';
import { portOf, urlOf } from '../../fixtures/nest/apps.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import {
  gitalyProto,
  praefectProto,
  type Gitaly,
  type MutatorReply,
} from '../../fixtures/nest/protos.js';

const BOTH_STACKS = 'both-stacks.test';
const LACKING_FIRST = 'lacking-first.test';
const LACKING_LAST = 'lacking-last.test';
/** No machine has it: it is for documentation (RFC 5737). */
const LACKING_ADDRESS = '192.0.2.1';

// A name of which every machine says the same, and with addresses of both kinds.
beforeAll(() => {
  const { lookup } = promises;
  const loopback: LookupAddress = { address: '127.0.0.1', family: 4 };
  const lacking: LookupAddress = { address: LACKING_ADDRESS, family: 4 };
  const names = new Map<string, LookupAddress[]>([
    [BOTH_STACKS, [loopback, { address: '::1', family: 6 }]],
    [LACKING_FIRST, [lacking, loopback]],
    [LACKING_LAST, [loopback, lacking]],
  ]);
  const lookupOrKnown = (host: string, options: object): Promise<unknown> =>
    names.has(host) ? Promise.resolve(names.get(host)) : lookup(host, options);
  vi.spyOn(promises, 'lookup').mockImplementation(lookupOrKnown as typeof lookup);
  syncBuiltinESMExports();
});

afterAll(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');

const services = { ...gitalyProto, backchannel: praefectProto };
const parts = { controllers: [GitalyController] };

@Module({ controllers: [GitalyController] })
class GitalyModule {}

/** An application on `strategy` that does not listen yet. */
async function createApp(strategy: CustomStrategy['strategy']) {
  return closing(
    await NestFactory.createMicroservice<CustomStrategy>(GitalyModule, {
      strategy,
      logger: false,
      abortOnError: false,
    }),
  );
}

async function mutateAt(url: string): Promise<MutatorReply> {
  const { client } = await startDialer({ url, ...services }, { controllers: [PraefectController] });
  return firstValueFrom(client.getService<Gitaly>('Gitaly').mutator({}));
}

/** Something else that listens. Gives its port. */
async function occupy(host: string, port = 0): Promise<number> {
  const other = closing(createServer());
  other.listen(port, host);
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

/** What happens to a connection to a port: `connect`, or the code of its error. */
async function knock(port: number, host: string): Promise<unknown> {
  const socket = connect(port, host);
  onTestFinished(() => void socket.destroy());
  return once(socket, 'connect').then(
    () => 'connect',
    (error: NodeJS.ErrnoException) => error.code,
  );
}

/** How many TCP ports this process listens on. Node forgets a port only some turns after its end. */
const expectOpenPorts = (count: number) =>
  eventually(
    () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length,
  ).toBe(count);

describe('a url', () => {
  it('with the name localhost is reached by name and by address', async () => {
    const { server } = await startListener({ ...services, url: 'localhost:0' }, parts);

    expect(await mutateAt(urlOf(server, 'localhost'))).toEqual({ voter: 'praefect' });
    expect(await mutateAt(urlOf(server, '127.0.0.1'))).toEqual({ voter: 'praefect' });
  });

  it.runIf(hasIpv6)('with a name listens on all addresses of it, on one port', async () => {
    const { server } = await startListener({ ...services, url: `${BOTH_STACKS}:0` }, parts);

    expect(await mutateAt(urlOf(server, '127.0.0.1'))).toEqual({ voter: 'praefect' });
    expect(await mutateAt(urlOf(server, '[::1]'))).toEqual({ voter: 'praefect' });
  });

  it('with a name listens where it can, and warns of the address that this machine lacks', async () => {
    const warnings: unknown[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warnings.push(line));
    onTestFinished(() => void vi.mocked(Logger.prototype.warn).mockRestore());

    for (const name of [LACKING_FIRST, LACKING_LAST]) {
      const { server } = await startListener({ ...services, url: `${name}:0` }, parts);
      expect(await mutateAt(urlOf(server, '127.0.0.1'))).toEqual({ voter: 'praefect' });
    }

    const doesNotListen = (name: string) =>
      expect.stringMatching(
        new RegExp(`^${name}:0: does not listen on one of its addresses: .*${LACKING_ADDRESS}`),
      );
    expect(warnings).toEqual([doesNotListen(LACKING_FIRST), doesNotListen(LACKING_LAST)]);
  });

  it('with a name of which no address can be bound has listening fail, and names the address', async () => {
    const strategy = new ListenMuxServer({ ...services, url: `${LACKING_ADDRESS}:0` });
    const app = await createApp(strategy);

    await expect(app.listen()).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      message: expect.stringContaining(LACKING_ADDRESS),
    });
    expect(strategy.address).toBeNull();
  });

  it.runIf(hasIpv6)('with an IPv6 address is reached by it, and by no other', async () => {
    const { server } = await startListener({ ...services, url: '[::1]:0' }, parts);

    expect(await mutateAt(urlOf(server, '[::1]'))).toEqual({ voter: 'praefect' });
    expect(await knock(portOf(server), '127.0.0.1')).toBe('ECONNREFUSED');
  });

  it('with 0.0.0.0 is reached by any address of the machine', async () => {
    const { server } = await startListener({ ...services, url: '0.0.0.0:0' }, parts);

    expect(await mutateAt(urlOf(server, '127.0.0.1'))).toEqual({ voter: 'praefect' });
    expect(await mutateAt(urlOf(server, '127.0.0.2'))).toEqual({ voter: 'praefect' });
  });

  it('with unix: is a socket file, gone after close', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backchannel-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const url = `unix:${join(folder, 'gitaly.sock')}`;
    const strategy = new ListenMuxServer({ ...services, url });
    const app = await createApp(strategy);
    await app.listen();

    expect(strategy.address).toBe(join(folder, 'gitaly.sock'));
    expect(await mutateAt(url)).toEqual({ voter: 'praefect' });

    await app.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(['127.0.0.1', 'localhost:http', 'localhost:65536'])(
    'that is not one, %j, has listening fail with the url and what it should be',
    async (url) => {
      const app = await createApp(new ListenMuxServer({ ...services, url }));

      await expect(app.listen()).rejects.toThrow(
        `cannot listen on url ${JSON.stringify(url)}: it must be "host:port" or "unix:path"`,
      );
    },
  );

  it('with a name that nobody knows has listening fail with that name', async () => {
    const app = await createApp(new ListenMuxServer({ ...services, url: 'nowhere.invalid:50051' }));

    await expect(app.listen()).rejects.toThrow('nowhere.invalid');
  });
});

describe('a port that is taken', () => {
  it('has listening fail with EADDRINUSE and leaves nothing open', async () => {
    const port = await occupy('127.0.0.1');
    const strategy = new ListenMuxServer({ ...services, url: `127.0.0.1:${port}` });
    const app = await createApp(strategy);

    await expect(app.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });

    expect(strategy.address).toBeNull();
    await expectOpenPorts(1); // The one that was taken.
  });

  it.runIf(hasIpv6)(
    'on all addresses of a name has listening fail with what each of them said',
    async () => {
      const port = await occupy('::1');
      await occupy('127.0.0.1', port);
      const strategy = new ListenMuxServer({ ...services, url: `${BOTH_STACKS}:${port}` });
      const app = await createApp(strategy);

      await expect(app.listen()).rejects.toMatchObject({
        code: 'EADDRINUSE',
        message: expect.stringMatching(/127\.0\.0\.1:\d+; .*::1:\d+/),
      });
      await expectOpenPorts(2); // Those that were taken.
    },
  );

  it('can be listened on by the same strategy once it is free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const strategy = new ListenMuxServer({ ...services, url: `127.0.0.1:${port}` });
    const app = await createApp(strategy);
    await expect(app.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });

    other.close();
    await once(other, 'close');
    await app.listen();

    expect(await mutateAt(urlOf(strategy))).toEqual({ voter: 'praefect' });
  });
});

describe('closing', () => {
  it('while it is starting leaves nothing open', async () => {
    const strategy = new ListenMuxServer({ ...services, url: '127.0.0.1:0' });
    await createApp(strategy);

    const started = new Promise((resolve) => {
      void strategy.listen(resolve);
    });
    await strategy.close();

    await started;
    expect(strategy.address).toBeNull();
    await expectOpenPorts(0);
  });

  it('a second time waits for the first', async () => {
    const strategy = new ListenMuxServer({
      ...services,
      url: '127.0.0.1:0',
      gracefulShutdown: true,
    });
    const app = await createApp(strategy);
    await app.listen();
    const server = strategy.unwrap<Server>();
    const shutdown = server.tryShutdown.bind(server);
    let ended = false;
    vi.spyOn(server, 'tryShutdown').mockImplementation((callback) => {
      // A turn later than it would: a close that did not wait would be through before.
      setImmediate(() => {
        ended = true;
        shutdown(callback);
      });
    });

    void strategy.close();
    await strategy.close();

    expect(ended).toBe(true);
  });

  it.each([-1, 0.5, Number.NaN])('refuses a bad drainMs when it is made: %d', (drainMs) => {
    expect(() => new ListenMuxServer({ ...services, drainMs })).toThrow(/"drainMs" must be/);
    expect(() => new BackchannelClient({ ...services, drainMs })).toThrow(/"drainMs" must be/);
  });
});

describe('listening again after close', () => {
  const listen = (strategy: CustomStrategy['strategy']): Promise<unknown> =>
    new Promise((resolve) => {
      strategy.listen(resolve);
    });

  it('serves new peers on the same strategy', async () => {
    const strategy = new ListenMuxServer({ ...services, url: '127.0.0.1:0' });
    const app = await createApp(strategy);
    await app.listen();
    await mutateAt(urlOf(strategy));
    await strategy.close();
    expect(strategy.address).toBeNull();
    await eventually(() => strategy.registry.size).toBe(0);

    expect(await listen(strategy)).toBeUndefined();

    expect(await mutateAt(urlOf(strategy))).toEqual({ voter: 'praefect' });
  });

  it('has a dialing side serve its peers again on the same strategy', async () => {
    const { url, registry } = await startListener(
      { ...services, url: '127.0.0.1:0' },
      { controllers: [GitalyController] },
    );
    const client = closing(new BackchannelClient({ url, ...services }));

    @Module({ controllers: [PraefectController] })
    class PraefectModule {}
    const app = closing(
      await NestFactory.createMicroservice<CustomStrategy>(PraefectModule, {
        strategy: client.strategy,
        logger: false,
        abortOnError: false,
      }),
    );
    await app.listen();
    await eventually(() => registry.size).toBe(1);
    const gitaly = client.getService<Gitaly>('Gitaly');
    await client.strategy.close();

    expect(await listen(client.strategy)).toBeUndefined();

    expect(await firstValueFrom(gitaly.mutator({}))).toEqual({ voter: 'praefect' });
  });
});
