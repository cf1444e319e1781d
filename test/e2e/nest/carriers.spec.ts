import { createServer, connect, type Socket } from 'node:net';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { Module, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  BACKCHANNEL_CARRIER,
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelCarrier,
  type CarrierDialOptions,
  type CarrierListenOptions,
} from 'nestjs-backchannel';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';

const server = { url: 'carried:hub', ...callsProto, backchannel: callsProto };
const TICKET = Buffer.from('ticket');

/** Carries connections over TCP, each behind a ticket that its listener takes off first. */
class TicketCarrier implements BackchannelCarrier {
  readonly listened: CarrierListenOptions[] = [];
  readonly dialed: CarrierDialOptions[] = [];
  stops = 0;
  #port = 0;

  async listen(
    url: string,
    acceptor: { handle(connection: Socket): void },
    options: CarrierListenOptions,
  ) {
    this.listened.push(options);
    const listener = createServer((socket) => {
      socket.once('readable', () => {
        if (TICKET.equals(socket.read(TICKET.length) as Buffer)) acceptor.handle(socket);
      });
    });
    await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
    this.#port = (listener.address() as { port: number }).port;
    options.onWarning('tickets are not checked');
    const stop = (): void => {
      this.stops += 1;
      listener.close();
    };
    return { address: url, stop };
  }

  async dial(_url: string, options: CarrierDialOptions): Promise<Socket> {
    this.dialed.push(options);
    const socket = connect(this.#port, '127.0.0.1');
    socket.write(TICKET);
    return socket;
  }
}

async function start(carrier: BackchannelCarrier, ...imports: DynamicModule[]) {
  @Module({ imports, controllers: [CallsController] })
  class AppModule {}

  const builder = Test.createTestingModule({ imports: [AppModule] });
  const module = await builder.overrideProvider(BACKCHANNEL_CARRIER).useValue(carrier).compile();
  const app = closing(module.createNestApplication({ logger: false }));
  connectBackchannel(app);
  await app.startAllMicroservices();
  await app.init();
  return app;
}

const newClient = (carrier: BackchannelCarrier, options: object = {}) =>
  closing(new BackchannelClient({ url: 'carried:hub', ...callsProto, ...options }, { carrier }));

const echo = (client: Pick<BackchannelClient, 'getService'>, text: string) =>
  firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

describe("a carrier of one's own", () => {
  it('carries the connections of both sides, in both directions', async () => {
    const carrier = new TicketCarrier();
    const listening = await start(carrier, BackchannelModule.forRoot({ server }));
    const client = { name: 'HUB', url: 'carried:hub', ...callsProto, backchannel: callsProto };
    const dialing = await start(carrier, BackchannelModule.registerClient(client));
    const peer = await listening.get(Registry).waitFor(() => true);
    const hub = dialing.get<BackchannelClient>(getBackchannelClientToken('HUB'));

    expect(await echo(hub, 'forward')).toEqual({ text: 'forward' });
    expect(await echo(peer, 'back')).toEqual({ text: 'back' });
    expect(peer.remoteAddress).toBe('127.0.0.1');
  });

  it('gets the credentials and the time limit of the listening side, and stops with it', async () => {
    const carrier = new TicketCarrier();
    const secure = ServerCredentials.createInsecure();
    const strategy = new ListenMuxServer(
      { ...server, credentials: secure, handshakeTimeoutMs: 1234 },
      new Registry(),
      { carrier },
    );

    await new Promise((resolve) => void strategy.listen(resolve));
    expect(strategy.address).toBe('carried:hub');
    await strategy.close();

    expect(carrier.listened).toMatchObject([{ credentials: secure, handshakeTimeoutMs: 1234 }]);
    expect(carrier.stops).toBe(1);
    expect(strategy.address).toBeNull();
  });

  it('gets the credentials of the dialing side, and a signal that aborts with the client', async () => {
    const dialed: CarrierDialOptions[] = [];
    const carrier: BackchannelCarrier = {
      listen: (url) => ({ address: url, stop: () => {} }),
      dial: (_url, options) => {
        dialed.push(options);
        return new Promise(() => {});
      },
    };
    const secure = credentials.createInsecure();
    const client = newClient(carrier, { credentials: secure });
    const connecting = endOf(client.connect());
    await eventually(() => dialed.length).toBe(1);

    expect(dialed[0]!.credentials).toBe(secure);
    expect(dialed[0]!.signal.aborted).toBe(false);
    await client.close();

    expect(dialed[0]!.signal.aborted).toBe(true);
    await soon(connecting);
  });

  it('says why it cannot listen', async () => {
    const carrier: BackchannelCarrier = {
      listen: () => Promise.reject(new Error('the tower is down')),
    };
    const strategy = new ListenMuxServer(server, new Registry(), { carrier });

    const error = await new Promise((resolve) => void strategy.listen(resolve));

    expect(error).toMatchObject({ message: 'the tower is down' });
  });

  it('says why it cannot dial', async () => {
    const carrier: BackchannelCarrier = {
      listen: (url) => ({ address: url, stop: () => {} }),
      dial: () => Promise.reject(new Error('no line to the tower')),
    };

    // grpc-js keeps the reason to itself.
    const reason = process.env['BACKCHANNEL_ENGINE'] ? '' : ': no line to the tower';
    await expect(newClient(carrier).connect(500)).rejects.toThrow(`within 500 ms${reason}`);
  });
});
