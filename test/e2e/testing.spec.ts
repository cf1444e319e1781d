import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Inject, Module, type ExecutionContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelModule,
  ListenMuxServer,
  PeerRefusedError,
  Registry,
  type BackchannelClientOptions,
  type ListenMuxServerOptions,
} from 'nestjs-backchannel';
import { createTestPair, MemoryNetwork, type TestPairOptions } from 'nestjs-backchannel/testing';
import { eventually } from '../fixtures/nest/eventually.js';
import { closing } from '../fixtures/nest/in-test.js';
import {
  GitalyController,
  PraefectController,
  VOTER,
} from '../fixtures/nest/mutator.controllers.js';
import { gitalyProto, praefectProto, type Gitaly, type Praefect } from '../fixtures/nest/protos.js';

/** Milliseconds of the first pause between attempts to connect: tests do not wait for a second. */
const SOON = { channelOptions: { 'grpc.initial_reconnect_backoff_ms': 100 } };

/** An application that listens for gRPC, and says over HTTP who is there. */
function gitaly(server: Partial<ListenMuxServerOptions> = {}) {
  @Controller()
  class PeersController {
    constructor(@Inject(Registry) private readonly registry: Registry) {}

    @Get('peers')
    peers(): number[] {
      return [...this.registry].map(({ id }) => id);
    }
  }

  @Module({
    imports: [
      BackchannelModule.forRoot({
        server: { url: '0.0.0.0:50051', ...gitalyProto, backchannel: praefectProto, ...server },
      }),
    ],
    controllers: [GitalyController, PeersController],
  })
  class GitalyModule {}
  return GitalyModule;
}

function praefect(
  client: Partial<BackchannelClientOptions> = {},
  served: Pick<BackchannelClientOptions, 'backchannel'> = { backchannel: praefectProto },
) {
  @Module({
    imports: [
      BackchannelModule.registerClient({
        name: 'GITALY',
        url: 'gitaly.internal:8075',
        ...SOON,
        ...gitalyProto,
        ...served,
        ...client,
      }),
    ],
    controllers: [PraefectController],
    providers: [{ provide: VOTER, useValue: 'praefect' }],
  })
  class PraefectModule {}
  return PraefectModule;
}

const startPair = async (options: Partial<TestPairOptions> = {}) =>
  closing(await createTestPair({ listening: gitaly(), dialing: praefect(), ...options }));

describe('a pair of applications in memory', () => {
  it('calls in both directions, whatever the urls are', async () => {
    const pair = await startPair();
    const mutator = pair.client('GITALY').getService<Gitaly>('Gitaly').mutator({ branch: 'main' });
    const vote = pair.peer.getService<Praefect>('Praefect').voteTransaction({ branch: 'next' });

    expect(await firstValueFrom(mutator)).toEqual({ voter: 'praefect' });
    expect(await firstValueFrom(vote)).toEqual({ voter: 'praefect' });
    expect(pair.dialing.get(PraefectController).branches).toEqual(['main', 'next']);
    expect(pair.network.connectionCount).toBe(1);
  });

  it('opens no port, but the one that HTTP is asked to', async () => {
    const pair = await startPair();
    expect(pair.listening.get(ListenMuxServer).address).toBe('0.0.0.0:50051');
    expect(pair.listening.getHttpServer().listening).toBe(false);
    await pair.listening.listen(0, '127.0.0.1');
    const reply = await fetch(`${await pair.listening.getUrl()}/peers`);

    expect(await reply.json()).toEqual([pair.peer.id]);
  });

  it('takes modules whose providers are overridden', async () => {
    const dialing = Test.createTestingModule({ imports: [praefect()] })
      .overrideProvider(VOTER)
      .useValue('test');
    const pair = await startPair({ dialing });
    const reply = pair.client().getService<Gitaly>('Gitaly').mutator({});

    expect(await firstValueFrom(reply)).toEqual({ voter: 'test' });
  });

  it('makes applications as it is told', async () => {
    const refuse = { canActivate: (context: ExecutionContext) => context.getType() !== 'rpc' };
    const pair = await startPair({
      createApp: (module, side) => {
        const app = module.createNestApplication();
        return side === 'listening' ? app.useGlobalGuards(refuse) : app;
      },
      hybridOptions: { inheritAppConfig: true },
    });
    const [stub, praefectStub] = [
      pair.client().getService<Gitaly>('Gitaly'),
      pair.peer.getService<Praefect>('Praefect'),
    ];

    await expect(firstValueFrom(stub.mutator({}))).rejects.toThrow('Forbidden');
    expect(await firstValueFrom(praefectStub.voteTransaction({}))).toEqual({ voter: 'praefect' });
  });

  it('connects again when the network was cut, as a new peer', async () => {
    const pair = await startPair();
    const { id } = pair.peer;
    const disconnected = firstValueFrom(
      pair.registry.peers$.pipe(filter(({ type }) => type === 'disconnected')),
    );
    pair.network.cut();
    expect(await disconnected).toMatchObject({
      departure: { cause: 'lost', error: { code: 'ECONNRESET' } },
    });
    const peer = await pair.registry.waitFor((other) => other.id !== id);

    expect(pair.peer).toBe(peer);
    await firstValueFrom(peer.getService<Praefect>('Praefect').voteTransaction({}));
  });

  it('is apart while the network is down', async () => {
    const pair = await startPair();
    pair.network.goDown();
    await eventually(() => pair.client().connection.state).toBe('failed');

    expect(() => pair.peer).toThrow('no peer is connected: "await pair.registry.waitFor()"');
    pair.network.goUp();
    await pair.client().connect();
    await pair.registry.waitFor();
  });

  it('has the certificate that authorizePeer is to see', async () => {
    const pair = await startPair({
      listening: gitaly({
        authorizePeer: ({ certificate }) => ({ name: String(certificate?.subject.CN) }),
      }),
      certificate: { subject: { CN: 'praefect-1' } },
    });

    expect(pair.peer.name).toBe('praefect-1');
    expect(pair.peer.certificate).toMatchObject({ subject: { CN: 'praefect-1' } });
  });

  it('connects clients that are lazy, and those that serve nothing', async () => {
    const pair = await startPair({ dialing: praefect({ lazy: true }, {}) });

    expect(pair.registry.size).toBe(1);
  });

  it('goes where its own url leads, if somebody listens there', async () => {
    const network = new MemoryNetwork();
    const other = await startPair({ network, listening: gitaly({ url: 'other:1' }) });
    const pair = startPair({ network, dialing: praefect({ url: 'other:1' }), deadlineMs: 300 });
    pair.catch(() => {});
    await other.registry.waitFor(({ id }) => id === 2);

    await expect(pair).rejects.toThrow('no peer that was waited for connected within 300 ms');
    expect(network.urls).toEqual(['other:1']);
  });

  it('waits for the clients and the peer no longer than the one deadline', async () => {
    let dialedAt = 0;
    /** A network on which it takes most of the deadline to connect. */
    class SlowNetwork extends MemoryNetwork {
      override async dial(url: string): Promise<Duplex> {
        dialedAt = performance.now();
        await pause(700);
        return super.dial(url);
      }
    }
    const network = new SlowNetwork();
    await startPair({ network, listening: gitaly({ url: 'other:1' }) });

    const pair = startPair({ network, dialing: praefect({ url: 'other:1' }), deadlineMs: 1000 });

    await expect(pair).rejects.toThrow('no peer that was waited for connected within 1000 ms');
    expect(performance.now() - dialedAt).toBeLessThan(1500);
  });

  it('says why it could not connect, and leaves nothing running', async () => {
    const network = new MemoryNetwork();
    const refuse = () => {
      throw new PeerRefusedError('not today');
    };
    const pair = startPair({
      network,
      listening: gitaly({ authorizePeer: refuse }),
      deadlineMs: 1000,
    });

    // grpc-js keeps the reason to itself.
    const reason = process.env['BACKCHANNEL_ENGINE'] ? '' : ': peer refused: not today';
    await expect(pair).rejects.toThrow(`within 1000 ms${reason}`);
    expect([network.urls, network.connectionCount]).toEqual([[], 0]);
  });

  it('closes both applications, once', async () => {
    const pair = await startPair();
    const { network } = pair;

    expect(pair.close()).toBe(pair.close());
    await pair.close();
    expect([network.urls, network.connectionCount]).toEqual([[], 0]);
  });

  it.each([
    ['listening', praefect, praefect, 'does not listen: import BackchannelModule.forRoot'],
    [
      'dialing',
      gitaly,
      () => gitaly({ url: 'other:1' }),
      'has no client: import BackchannelModule',
    ],
  ])('names what is missing on the %s side', async (_, listening, dialing, problem) => {
    const network = new MemoryNetwork();

    await expect(
      startPair({ network, listening: listening(), dialing: dialing() }),
    ).rejects.toThrow(problem);
    expect(network.urls).toEqual([]);
  });

  it('asks which client is meant, where there are several', async () => {
    @Module({
      imports: [
        praefect(),
        BackchannelModule.registerClient({ name: 'OTHER', ...gitalyProto, lazy: true }),
      ],
    })
    class TwoClients {}
    const pair = await startPair({ dialing: TwoClients });

    expect(pair.client('OTHER')).not.toBe(pair.client('GITALY'));
    expect(() => pair.client()).toThrow(
      'say which client: the dialing application registers GITALY, OTHER',
    );
    expect(() => pair.client('X')).toThrow('there is no client "X"');
  });
});
