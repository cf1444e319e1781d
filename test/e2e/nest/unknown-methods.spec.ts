import { status, type handleBidiStreamingCall } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  connectionOf,
  ListenMuxServer,
  OptionError,
  type PeerConnectionInfo,
} from 'nestjs-backchannel';
import { stubOf, type Stub } from '../../fixtures/grpc/service.js';
import type { Channel } from '../../fixtures/grpc/site.js';
import { directions, startPair, type Direction, type Pair } from '../../fixtures/nest/pair.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';

const engine = 'built-in';

/** Answers each message with the path of its method and the message. */
const answer: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (message: Buffer) =>
    call.write(Buffer.from(`${call.getPath()} ${String(message)}`)),
  );
  call.on('end', () => call.end());
};

/** A pair whose side that serves calls in `direction` has the handler. */
function pairWith(
  direction: Direction,
  unknownMethodHandler: handleBidiStreamingCall<Buffer, Buffer> | undefined,
): Promise<Pair> {
  const option = unknownMethodHandler === undefined ? {} : { unknownMethodHandler };
  return direction === 'forward'
    ? startPair({ engine, ...option })
    : startPair({}, { engine, backchannel: { ...callsProto, ...option } });
}

function callerOf(direction: Direction, { client, peer }: Pair): Stub {
  return stubOf(direction === 'forward' ? client.unwrap<Channel>() : (peer.channel as Channel));
}

function unary(stub: Stub, request: string): Promise<unknown> {
  return new Promise((resolve) =>
    stub.unary(Buffer.from(request), (error, reply) => resolve(error ?? String(reply))),
  );
}

describe.each(directions)('%s calls of a method that no controller has', (direction) => {
  it('go to the option unknownMethodHandler', async () => {
    const pair = await pairWith(direction, answer);
    const stubs = direction === 'forward' ? pair.client : pair.peer;

    expect(await unary(callerOf(direction, pair), 'one')).toBe('/unit.Test/unary one');
    expect(await firstValueFrom(stubs.getService<Calls>('Calls').echo({ text: 'two' }))).toEqual({
      text: 'two',
    });
  });

  it('are not implemented without it', async () => {
    const pair = await pairWith(direction, undefined);

    expect(await unary(callerOf(direction, pair), 'one')).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});

describe('the option unknownMethodHandler', () => {
  it('is given calls that know their peer', async () => {
    const pair = await pairWith('forward', (call) => {
      const connection = connectionOf(call) as PeerConnectionInfo;
      call.write(Buffer.from(`from peer ${connection.peerId}`));
      call.end();
    });

    expect(await unary(callerOf('forward', pair), 'who am I?')).toBe('from peer 1');
  });

  it.each([
    { engine: 'grpc-js' as const },
    { engine, channelOptions: { 'grpc.server_call_metric_recording': 1 } } as const,
  ])('is refused where the server is one of grpc-js: %o', (options) => {
    const create = () =>
      new ListenMuxServer({ ...callsProto, ...options, unknownMethodHandler: answer });

    expect(create).toThrow(OptionError);
    expect(create).toThrow(
      'ListenMuxServer: "unknownMethodHandler" needs a server of the built-in engine',
    );
  });

  it('is refused at a dialing side of grpc-js', () => {
    const create = () =>
      new BackchannelClient({
        ...callsProto,
        engine: 'grpc-js',
        backchannel: { ...callsProto, unknownMethodHandler: answer },
      });

    expect(create).toThrow(
      'BackchannelClient: "backchannel.unknownMethodHandler" needs a server of the built-in engine',
    );
  });
});
