import { once } from 'node:events';
import {
  InterceptingCall,
  loadPackageDefinition,
  ServerInterceptingCall,
  status,
  type Interceptor,
  type Metadata,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { ClientConstructor, StubFactory } from 'nestjs-backchannel';
import { startPair } from '../../fixtures/nest/pair.js';
import { callsProto, type Calls, type CallsStub } from '../../fixtures/nest/protos.js';

/** An interceptor that writes down its name and the method of each call. */
function recorder(name: string, calls: string[]): Interceptor {
  return (options, nextCall) => {
    calls.push(`${name} ${options.method_definition.path}`);
    return new InterceptingCall(nextCall(options));
  };
}

const authorize: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      metadata.set('authorization', 'Bearer of the listening side');
      next(metadata, listener);
    },
  });

const echoOf = (stubs: StubFactory, text: string) =>
  firstValueFrom(stubs.getService<Calls>('Calls').echo({ text }));

const echoWith = (stub: CallsStub) =>
  new Promise((resolve) => {
    stub.echo({ text: 'hello' }, (error, reply) => resolve(error ?? reply));
  });

const KIB = 1024;
const tooLong = { code: status.RESOURCE_EXHAUSTED };

describe('interceptors of the backchannel', () => {
  it('run once on every backchannel call, whichever way its stub was made', async () => {
    const seen: string[] = [];
    const { peer } = await startPair({
      backchannel: { ...callsProto, interceptors: [recorder('one', seen)] },
    });
    const { calls } = loadPackageDefinition(loadSync(callsProto.protoPath)) as unknown as {
      calls: { Calls: ClientConstructor<CallsStub> };
    };

    await echoOf(peer, 'hello');
    await firstValueFrom(peer.getService<Calls>('Calls').count({ count: 3 }).pipe(toArray()));
    await echoWith(peer.getClientByServiceName<CallsStub>('Calls'));
    await echoWith(peer.client(calls.Calls));

    expect(seen).toEqual([
      'one /calls.Calls/Echo',
      'one /calls.Calls/Count',
      'one /calls.Calls/Echo',
      'one /calls.Calls/Echo',
    ]);
  });

  it('run in their order, after those in the channel options of stock Nest clients', async () => {
    const seen: string[] = [];
    const { peer } = await startPair({
      backchannel: {
        ...callsProto,
        channelOptions: { interceptors: [recorder('channel', seen)] },
        interceptors: [recorder('first', seen), recorder('second', seen)],
      },
    });

    await echoOf(peer, 'hello');

    expect(seen.map((line) => line.split(' ')[0])).toEqual(['channel', 'first', 'second']);
  });

  it('do not run on forward calls', async () => {
    const seen: string[] = [];
    const { client } = await startPair({
      backchannel: { ...callsProto, interceptors: [recorder('one', seen)] },
    });

    await echoOf(client, 'hello');

    expect(seen).toEqual([]);
  });

  it('can add metadata that the handlers of the peer see', async () => {
    const { peer, dialing } = await startPair({
      backchannel: { ...callsProto, interceptors: [authorize] },
    });
    const started = once(dialing.events, 'started');

    await echoOf(peer, 'hello');

    const [metadata] = (await started) as [Metadata];
    expect(metadata.get('authorization')).toEqual(['Bearer of the listening side']);
  });
});

describe('server interceptors in the channel options of stock Nest servers', () => {
  it('run on every call that the side serves, in both directions', async () => {
    const seen: string[] = [];
    const serverRecorder =
      (name: string): ServerInterceptor =>
      ({ path }, call) => {
        seen.push(`${name} ${path}`);
        return new ServerInterceptingCall(call);
      };
    const { client, peer } = await startPair(
      { channelOptions: { interceptors: [serverRecorder('listening')] } },
      {
        backchannel: {
          ...callsProto,
          channelOptions: { interceptors: [serverRecorder('dialing')] },
        },
      },
    );

    await echoOf(client, 'forward');
    await echoOf(peer, 'back');

    expect(seen).toEqual(['listening /calls.Calls/Echo', 'dialing /calls.Calls/Echo']);
  });
});

describe('message limits of the backchannel', () => {
  it('refuse a longer reply on the side that calls', async () => {
    const { peer } = await startPair({
      backchannel: { ...callsProto, maxReceiveMessageLength: KIB },
    });

    expect(await echoOf(peer, 'short')).toEqual({ text: 'short' });
    await expect(echoOf(peer, 'x'.repeat(2 * KIB))).rejects.toMatchObject(tooLong);
  });

  it('refuse a longer request before it is sent', async () => {
    const { peer, dialing } = await startPair({
      backchannel: { ...callsProto, maxSendMessageLength: KIB },
    });
    const started: unknown[] = [];
    dialing.events.on('started', (metadata) => started.push(metadata));

    await expect(echoOf(peer, 'x'.repeat(2 * KIB))).rejects.toMatchObject(tooLong);

    expect(started).toEqual([]);
  });

  it('refuse a longer request on the side that serves', async () => {
    const { peer } = await startPair(
      {},
      { backchannel: { ...callsProto, maxReceiveMessageLength: KIB } },
    );

    expect(await echoOf(peer, 'short')).toEqual({ text: 'short' });
    await expect(echoOf(peer, 'x'.repeat(2 * KIB))).rejects.toMatchObject(tooLong);
  });

  it('are taken from channel options, too', async () => {
    const { peer } = await startPair({
      backchannel: {
        ...callsProto,
        channelOptions: { 'grpc.max_receive_message_length': KIB },
      },
    });

    await expect(echoOf(peer, 'x'.repeat(2 * KIB))).rejects.toMatchObject(tooLong);
  });

  it('allow more than the 4 MiB that gRPC has as its default', async () => {
    const limit = { maxReceiveMessageLength: 8 * KIB * KIB };
    const { peer } = await startPair(
      { backchannel: { ...callsProto, ...limit } },
      { backchannel: { ...callsProto, ...limit } },
    );

    expect((await echoOf(peer, 'x'.repeat(5 * KIB * KIB))).text).toHaveLength(5 * KIB * KIB);
  });

  it('are not those of forward calls', async () => {
    const limit = { ...callsProto, maxReceiveMessageLength: KIB };
    const limited = await startPair({ backchannel: limit }, { backchannel: limit });
    const open = await startPair(
      { maxReceiveMessageLength: KIB },
      { maxReceiveMessageLength: KIB },
    );
    const long = 'x'.repeat(2 * KIB);

    expect(await echoOf(limited.client, long)).toEqual({ text: long });
    expect(await echoOf(open.peer, long)).toEqual({ text: long });
    await expect(echoOf(open.client, long)).rejects.toMatchObject(tooLong);
  });
});

describe('channel options of the backchannel', () => {
  it('are those of the channel to the peer', async () => {
    const { peer, dialing } = await startPair({
      backchannel: { ...callsProto, channelOptions: { 'grpc.primary_user_agent': 'gitaly/18' } },
    });
    const started = once(dialing.events, 'started');

    await echoOf(peer, 'hello');

    const [metadata] = (await started) as [Metadata];
    expect(metadata.get('user-agent').join()).toMatch(/^gitaly\/18 grpc-node-/);
  });

  it('are left as they were given', async () => {
    const channelOptions = Object.freeze({ 'grpc.primary_user_agent': 'gitaly/18' });
    const { peer } = await startPair(
      { channelOptions, backchannel: { ...callsProto, channelOptions, maxSendMessageLength: KIB } },
      { channelOptions, backchannel: { ...callsProto, channelOptions, maxSendMessageLength: KIB } },
    );

    expect(await echoOf(peer, 'hello')).toEqual({ text: 'hello' });
  });
});
