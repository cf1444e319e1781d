import { once } from 'node:events';
import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
} from 'nestjs-backchannel';
import { urlOf } from '../../fixtures/nest/apps.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { dialBarely, listenBarely } from '../../fixtures/nest/held/bare-peers.js';
import { ListeningHeldController } from '../../fixtures/nest/held/held.controllers.js';
import { heldServices, type Held, type Note } from '../../fixtures/nest/held/held.js';
import { startHeldDialer, startHeldListener } from '../../fixtures/nest/held/pair.js';
import { timed } from '../../fixtures/nest/held/watching.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { Forwarder } from '../../fixtures/nest/rolling/forwarder.js';

/** More than the window of a stream lets through to who reads nothing. */
const LONG = 'x'.repeat(1_000_000);
const DRAIN_MS = 200;
/** What close() may take beyond that: a second for last words, and time for the machine. */
const LAST_MS = 1000 + 1000;

/** Whether somebody listens on `port`. */
async function isOpen(port: number): Promise<boolean> {
  const socket = rawDialer(port);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  const isConnected = !socket.destroyed;
  socket.destroy();
  return isConnected;
}

describe('closing', () => {
  it('of a listening side does not wait for a peer that reads nothing', async () => {
    const { app, port, registry } = await startHeldListener({ drainMs: DRAIN_MS });
    const { socket } = await dialBarely(port);
    socket.pause();
    const peer = await registry.waitFor();
    const end = endOf(firstValueFrom(peer.getService<Held>('Held').unary({ text: LONG })));

    const tookMs = await timed(() => app.close());

    expect(tookMs).toBeLessThan(DRAIN_MS + LAST_MS);
    await soon(end);
  });

  it('of a dialing side does not wait for a listening side that reads nothing', async () => {
    const { url, peer } = await listenBarely();
    const { app, client } = await startHeldDialer(url, { drainMs: DRAIN_MS });
    (await peer).socket.pause();
    const end = endOf(firstValueFrom(client.getService<Held>('Held').unary({ text: LONG })));

    const tookMs = await timed(() => app.close());

    expect(tookMs).toBeLessThan(DRAIN_MS + LAST_MS);
    await soon(end);
  });

  it('of a listening side does not wait for who has connected and says nothing', async () => {
    const { app, port } = await startHeldListener({ drainMs: DRAIN_MS });
    const silent = rawDialer(port);
    await once(silent, 'connect');

    const tookMs = await timed(() => app.close());

    expect(tookMs).toBeLessThan(DRAIN_MS + LAST_MS);
  });

  it('of a listening side loses no call of who is still shaking hands', async () => {
    let letIn = (): void => {};
    let hasCome = (): void => {};
    const came = new Promise<void>((resolve) => (hasCome = resolve));
    const { app, port } = await startHeldListener({
      authorizePeer: () => {
        hasCome();
        return new Promise((resolve) => (letIn = () => resolve({})));
      },
    });
    const forwarder = closing(await Forwarder.start(port));
    const client = closing(new BackchannelClient({ ...heldServices, url: forwarder.url }));
    const call = firstValueFrom(client.getService<Held>('Held').now({ text: 'in time' }));
    await came;
    forwarder.target = (await startHeldListener()).port;

    const closed = app.close();
    while (await isOpen(port));
    letIn();

    expect(await call).toEqual({ text: 'in time' });
    await soon(closed);
  });

  const PEERS = 50;

  it.each(['listening', 'dialing'] as const)(
    `of the %s side takes no time where ${PEERS} peers make no calls`,
    async (side) => {
      const { app, url, registry } = await startHeldListener();
      const clients = Array.from({ length: PEERS }, () =>
        closing(new BackchannelClient({ ...heldServices, url })),
      );
      await Promise.all(clients.map((client) => client.connect()));
      await eventually(() => registry.size).toBe(PEERS);

      const close = {
        listening: () => app.close(),
        dialing: () => Promise.all(clients.map((client) => client.close())),
      };
      const tookMs = await timed(close[side]);

      // Nothing of drainMs, which is ten seconds here.
      expect(tookMs).toBeLessThan(5000);
      expect(registry.size).toBe(0);
    },
  );
});

describe('an application that listens for HTTP, listens and dials', () => {
  it('lets a call finish that calls on only when it closes', async () => {
    const upstream = await startHeldListener();

    @Controller()
    class ProxyController extends ListeningHeldController {
      constructor(
        @Inject(getBackchannelClientToken('UPSTREAM')) private readonly client: BackchannelClient,
      ) {
        super();
      }

      @GrpcMethod('Held')
      override async unary(@Payload() note: Note): Promise<Note> {
        await this.held();
        return firstValueFrom(this.client.getService<Held>('Held').now(note));
      }
    }

    @Module({
      imports: [
        BackchannelModule.forRoot({ server: { ...heldServices, url: '127.0.0.1:0' } }),
        BackchannelModule.registerClient({ name: 'UPSTREAM', ...heldServices, url: upstream.url }),
      ],
      controllers: [ProxyController],
    })
    class ProxyModule {}
    const app = closing(await NestFactory.create(ProxyModule, { logger: false }));
    connectBackchannel(app);
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const dialer = await startHeldDialer(urlOf(app.get(ListenMuxServer)));
    const call = firstValueFrom(dialer.client.getService<Held>('Held').unary({ text: 'through' }));
    const proxy = app.get(ProxyController);
    await proxy.hasBegun(1);

    const closed = app.close();
    await eventually(() => app.get(ListenMuxServer).registry.size).toBe(0);
    proxy.letGo();

    expect(await call).toEqual({ text: 'through' });
    await soon(closed);
    await eventually(() => upstream.registry.size).toBe(0);
  });
});
