import {
  InterceptingCall,
  status,
  type ChannelInterface,
  type ClientOptions,
  type Interceptor,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { ClientConn } from 'nestjs-backchannel/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pooledSerializer } from '../../../../lib/grpc/pooled-serializer.js';
import { MessageSendQueue } from '../../../../lib/grpc/built-in/client/message-send-queue.js';
import { ErrorCode, type Http2Stream } from '../../../../lib/http2/index.js';
import { messageBuffers, MessageLoan } from '../../../../lib/wire/index.js';
import { answer, take } from '../../../fixtures/grpc/answers.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { contentOf } from '../../../fixtures/grpc/mirror/content.js';
import { Mirror, type MirrorStub } from '../../../fixtures/grpc/mirror/mirror.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site } from '../../../fixtures/grpc/site.js';

vi.hoisted(() => {
  process.env['BACKCHANNEL_DEBUG_BUFFERS'] = 'overwrite';
});

const OVERWRITTEN = 0xdb;
const content = contentOf(1, 64 * 1024);

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => {
  vi.restoreAllMocks();
  return site.close();
});

/** Bodies of requests, of which the first `refused` are refused after all of their bytes have come. */
async function serve(refused: number): Promise<{ address: string; bodies: Buffer[][] }> {
  const bodies: Buffer[][] = [];
  const { address } = await site.http2(() => ({
    onRequest(stream) {
      const body: Buffer[] = [];
      bodies.push(body);
      take(stream, {
        onData(chunk, start, end) {
          body.push(Buffer.from(chunk.subarray(start, end)));
          stream.consume(end - start);
        },
        onEnd() {
          if (bodies.length > refused) answer(stream);
          else setImmediate(() => stream.reset(ErrorCode.RefusedStream));
        },
      });
    },
  }));
  return { address, bodies };
}

const { requestSerialize } = Mirror.service['Echo'] as MethodDefinition<unknown, unknown>;

describe('a request in a pooled buffer', () => {
  it('is sent once more as it was after REFUSED_STREAM, and its buffer is not used again', async () => {
    const { address, bodies } = await serve(1);
    const message = pooledSerializer(requestSerialize)(content);
    const bytes = Buffer.from(message);

    const call = new RawCall(site.channel(address), { messages: [message] });

    expect(await call.ended).toBe(status.OK);
    expect(bodies.map((body) => Buffer.concat(body).equals(framed(bytes)))).toEqual([true, true]);
    expect(message.equals(bytes)).toBe(true);
  });

  it('leaves its buffer to the garbage collector once a retry begins', () => {
    const message = pooledSerializer(requestSerialize)(content);
    const bytes = Buffer.from(message);
    const loan = MessageLoan.of(message)!;
    const queue = new MessageSendQueue(() => {});
    queue.attach({ write: () => true } as unknown as Http2Stream);
    queue.send(message, undefined, undefined);
    loan.taken(1000);

    queue.detach();
    loan.taken(message.length - 1000 + 1);

    expect(message.equals(bytes)).toBe(true);
  });

  it('keeps its buffer until the call can no longer be retried', async () => {
    const { address, bodies } = await serve(0);
    const message = pooledSerializer(requestSerialize)(content);
    const bytes = Buffer.from(message);

    const call = new RawCall(site.channel(address), { messages: [message], ends: false });
    await vi.waitFor(() =>
      expect(bodies[0]?.reduce((sum, { length }) => sum + length, 0)).toBe(framed(bytes).length),
    );
    expect(message.equals(bytes)).toBe(true);
    call.call.halfClose();

    expect(await call.ended).toBe(status.OK);
    expect(message.every((byte) => byte === OVERWRITTEN)).toBe(true);
  });
});

describe('a stub of a ClientConn', () => {
  /** A unary call that ends in any way. */
  function echo(stub: MirrorStub, options: { interceptors?: Interceptor[] } = {}): Promise<void> {
    const call = stub.Echo as unknown as (...args: unknown[]) => void;
    return new Promise((resolve) => {
      call.call(stub, content, options, (_error: ServiceError | null) => resolve());
    });
  }

  const stubOf = (connection: ClientConn): MirrorStub => connection.client(Mirror as never);

  it('sends requests in pooled buffers', async () => {
    const { address } = await serve(0);
    const taken = vi.spyOn(messageBuffers, 'take');

    await echo(stubOf(new ClientConn(site.channel(address))));

    expect(taken).toHaveBeenCalledOnce();
  });

  it('lets no channel of the application see them, such as a proxy', async () => {
    const { address } = await serve(0);
    const taken = vi.spyOn(messageBuffers, 'take');
    const proxy = new Proxy<ChannelInterface>(site.channel(address), {
      get: (channel, name: keyof ChannelInterface) => channel[name].bind(channel),
    });

    await echo(stubOf(new ClientConn(proxy)));

    expect(taken).not.toHaveBeenCalled();
  });

  it('lets no interceptor see them that its class or somebody later adds', async () => {
    const { address } = await serve(0);
    const taken = vi.spyOn(messageBuffers, 'take');
    const pass: Interceptor = (options, next) => new InterceptingCall(next(options));
    const additions: ((given: ClientOptions) => ClientOptions)[] = [
      () => ({ interceptors: [pass] }),
      () => ({ interceptors: [], interceptor_providers: [() => pass] }),
      ({ callInvocationTransformer: transform }) => ({
        callInvocationTransformer: (properties) => transform!(properties),
      }),
    ];

    for (const added of additions) {
      class Company extends Mirror {
        constructor(...[to, secrets, given]: ConstructorParameters<typeof Mirror>) {
          super(to, secrets, { ...given, ...added(given!) });
        }
      }
      await echo(new ClientConn(site.channel(address)).client<MirrorStub>(Company as never));
    }
    const later: Interceptor[] = [];
    const stub = stubOf(new ClientConn(site.channel(address), later));
    later.push(pass);
    await echo(stub);

    expect(taken).not.toHaveBeenCalled();
  });

  it('lets no interceptor see them', async () => {
    const { address } = await serve(0);
    const seen: Uint8Array[] = [];
    const spy: Interceptor = (options, next) => {
      seen.push(options.method_definition.requestSerialize(content));
      return new InterceptingCall(next(options));
    };

    await echo(stubOf(new ClientConn(site.channel(address), [spy])));
    await echo(stubOf(new ClientConn(site.channel(address))), { interceptors: [spy] });

    expect(seen.map((bytes) => MessageLoan.of(bytes))).toEqual([undefined, undefined]);
  });
});
