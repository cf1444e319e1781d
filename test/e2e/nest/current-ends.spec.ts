import { status } from '@grpc/grpc-js';
import {
  Controller,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientGrpcProxy, GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelModule,
  connectBackchannel,
  connectionOf,
  CurrentClient,
  CurrentPeer,
  getBackchannelClient,
  getBackchannelClientToken,
  getPeer,
  hasBackchannelClient,
  NoClientError,
  NonMultiplexedConnectionError,
  PeerConnectionInfo,
  UnknownPeerError,
  type BackchannelClient,
  type CallLike,
  type Peer,
} from 'nestjs-backchannel';
import { withId } from 'nestjs-backchannel/core';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls, type Text } from '../../fixtures/nest/protos.js';

const server = { ...callsProto, backchannel: callsProto };

/** Notes what a guard reads of the call. */
class NotingGuard implements CanActivate {
  static readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    const call = context.getArgByIndex<CallLike>(2);
    NotingGuard.seen.push(hasBackchannelClient(call) ? getBackchannelClient(call) : getPeer(call));
    return true;
  }
}

/** The listening side: knows who calls, and calls back through what it knows. */
@Controller()
class ListeningController {
  readonly callers: (Peer | undefined)[] = [];
  answer: (() => void) | undefined;

  @GrpcMethod('Calls')
  @UseGuards(NotingGuard)
  async echo(@Payload() request: Text, @CurrentPeer() peer: Peer): Promise<Text> {
    this.callers.push(peer);
    return firstValueFrom(peer.getService<Calls>('Calls').echo(request));
  }

  @GrpcMethod('Calls')
  unserved(@CurrentPeer({ optional: true }) peer?: Peer): Text {
    this.callers.push(peer);
    return { text: peer?.name ?? 'nobody' };
  }

  /** Answers when the test says so. */
  @GrpcMethod('Calls')
  async answerLater(@Payload() _request: Text, @CurrentPeer() peer: Peer): Promise<Text> {
    this.callers.push(peer);
    await new Promise<void>((resolve) => (this.answer = resolve));
    return { text: String(peer.name) };
  }

  @GrpcMethod('Calls')
  fail(@CurrentClient() _client: BackchannelClient): Text {
    return { text: 'never' };
  }

  @GrpcMethod('Calls')
  inspect(@CurrentClient({ optional: true }) client?: BackchannelClient): { peer: string } {
    return { peer: client === undefined ? 'no client' : 'a client' };
  }
}

/** The dialing side: knows which of its clients was called, and calls the other end through it. */
@Controller()
class DialingController {
  readonly called: (BackchannelClient | undefined)[] = [];

  @GrpcMethod('Calls')
  @UseGuards(NotingGuard)
  echo(@Payload() { text }: Text, @CurrentClient() client: BackchannelClient): Text {
    this.called.push(client);
    return { text: `${text} of ${client.connection.state}` };
  }

  @GrpcMethod('Calls')
  async answerLater(
    @Payload() request: Text,
    @CurrentClient({ optional: true }) client?: BackchannelClient,
  ): Promise<Text> {
    this.called.push(client);
    return firstValueFrom(client!.getService<Calls>('Calls').unserved(request));
  }

  @GrpcMethod('Calls')
  fail(@CurrentPeer() _peer: Peer): Text {
    return { text: 'never' };
  }

  @GrpcMethod('Calls')
  inspect(@CurrentPeer({ optional: true }) peer?: Peer): { peer: string } {
    return { peer: peer === undefined ? 'no peer' : 'a peer' };
  }
}

/** The streams of requests of the dialing side, which are calls themselves. */
@Controller()
class StreamingController {
  @GrpcStreamCall('Calls')
  chat(
    @Payload() call: { write(reply: Text): void; end(): void },
    @CurrentClient() client: BackchannelClient,
  ): void {
    call.write({ text: client.connection.state });
    call.end();
  }
}

/** An application of either side, connected. */
async function startPair(name?: string) {
  const listener = await startListener(
    { ...server, authorizePeer: () => ({ name }) },
    { controllers: [ListeningController] },
  );
  const dialer = await startDialer(
    { ...server, url: listener.url },
    { controllers: [DialingController, StreamingController] },
  );
  return {
    ...listener,
    dialer,
    client: dialer.client,
    calls: dialer.client.getService<Calls>('Calls'),
    peer: await listener.registry.waitFor(),
    listening: listener.app.get(ListeningController),
    dialing: dialer.app.get(DialingController),
  };
}

describe('@CurrentPeer', () => {
  it('is the peer of the registry that calls, and can be called back', async () => {
    const { calls, peer, listening } = await startPair('agent-7');

    expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello of ready' });
    expect(listening.callers).toEqual([peer]);
    expect(listening.callers[0]).toBe(peer);
  });

  it('tells callers apart', async () => {
    const { url, registry, calls, listening } = await startPair();
    const other = await startDialer(
      { ...server, url },
      { controllers: [DialingController, StreamingController] },
    );
    const [first, second] = [...registry];

    await firstValueFrom(other.client.getService<Calls>('Calls').unserved({}));
    await firstValueFrom(calls.unserved({}));

    expect(listening.callers[0]).toBe(second);
    expect(listening.callers[1]).toBe(first);
  });

  it('is still there when the peer has left the registry during the call', async () => {
    const { calls, peer, listening, registry } = await startPair('agent-7');
    const reply = firstValueFrom(calls.answerLater({}));
    await expect.poll(() => listening.answer).toBeDefined();

    registry.removeBackchannel(peer.id);
    const late = firstValueFrom(calls.unserved({}));
    expect(await late).toEqual({ text: 'agent-7' });
    listening.answer!();

    expect(await reply).toEqual({ text: 'agent-7' });
    expect(listening.callers).toEqual([peer, peer]);
  });

  it('is undefined for a plain client where it is optional, and fails the call elsewhere', async () => {
    const { url, listening } = await startPair();
    const plain = new ClientGrpcProxy({ url, ...callsProto });
    closing(plain);
    const calls = plain.getService<Calls>('Calls');

    expect(await firstValueFrom(calls.unserved({}))).toEqual({ text: 'nobody' });
    await expect(firstValueFrom(calls.answerLater({}))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('this client cannot be called back') as string,
    });
    expect(listening.callers).toEqual([undefined]);
  });

  it('is not there on the dialing side', async () => {
    const { peer } = await startPair();
    const calls = peer.getService<Calls>('Calls');

    expect(await firstValueFrom(calls.inspect({}))).toMatchObject({ peer: 'no peer' });
    await expect(firstValueFrom(calls.fail({ code: 1, details: '' }))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining(
        'the caller is no peer: this application made the connection of the call',
      ) as string,
    });
  });
});

describe('@CurrentClient', () => {
  it('is the injected client that the other end called, also in its streams', async () => {
    const { peer, client, dialing } = await startPair();
    const calls = peer.getService<Calls>('Calls');

    await firstValueFrom(calls.echo({}));
    expect(dialing.called).toHaveLength(1);
    expect(dialing.called[0]).toBe(client);

    const replies = calls.chat([{}] as never).pipe(toArray());
    expect(await firstValueFrom(replies)).toEqual([{ text: 'ready' }]);
  });

  it('is still the client after a reconnect', async () => {
    const { peer, client, dialing, registry } = await startPair();
    await peer.close();
    const next = await registry.waitFor(({ id }) => id !== peer.id);

    await firstValueFrom(next.getService<Calls>('Calls').echo({}));

    expect(dialing.called[0]).toBe(client);
  });

  it('tells the clients of one application apart', async () => {
    const names = ['east', 'west'];
    const hubs = await Promise.all(
      names.map(() => startListener(server, { controllers: [ListeningController] })),
    );

    @Module({
      imports: names.map((name, i) =>
        BackchannelModule.registerClient({ name, url: hubs[i]!.url, ...server }),
      ),
      controllers: [DialingController, StreamingController],
    })
    class AppModule {}
    const app = closing(
      await NestFactory.create(AppModule, { logger: false, abortOnError: false }),
    );
    connectBackchannel(app);
    await app.startAllMicroservices();
    const { called } = app.get(DialingController);

    for (const [i, name] of names.entries()) {
      const peer = await hubs[i]!.registry.waitFor();
      await firstValueFrom(peer.getService<Calls>('Calls').answerLater({}));
      expect(called.at(-1)).toBe(app.get(getBackchannelClientToken(name)));
      // Through it, the handler called the hub that had called.
      const { callers } = hubs[i]!.app.get(ListeningController);
      expect(callers).toHaveLength(1);
      expect(callers[0]).toBe(peer);
    }
  });

  it('is not there on the listening side', async () => {
    const { calls } = await startPair();

    expect(await firstValueFrom(calls.inspect({}))).toMatchObject({ peer: 'no client' });
    await expect(firstValueFrom(calls.fail({ code: 1, details: '' }))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('no client of this application was called') as string,
    });
  });
});

describe('getPeer and getBackchannelClient', () => {
  it('give guards what handlers have injected', async () => {
    NotingGuard.seen.length = 0;
    const { calls, peer, client } = await startPair();

    await firstValueFrom(calls.echo({ text: '' }));

    expect(NotingGuard.seen).toHaveLength(2);
    expect(NotingGuard.seen[0]).toBe(peer);
    expect(NotingGuard.seen[1]).toBe(client);
  });

  it('throw for calls that have neither', () => {
    expect(() => getPeer({})).toThrow(NonMultiplexedConnectionError);
    expect(() => getBackchannelClient({})).toThrow(NoClientError);
    expect(hasBackchannelClient({})).toBe(false);
  });

  it('find the peer of a call of a test in its registry', async () => {
    const { peer, registry } = await startPair();

    expect(getPeer(withId({}, peer.id, registry))).toBe(peer);
    expect(() => getPeer(withId({}, 99, registry))).toThrow(UnknownPeerError);
    expect(connectionOf(withId({}, peer.id, registry))).toBeInstanceOf(PeerConnectionInfo);
  });
});
