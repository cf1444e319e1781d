import { fileURLToPath } from 'node:url';
import { createClient } from '@connectrpc/connect';
import {
  Client,
  credentials,
  InterceptingCall,
  type Interceptor,
  type InterceptorProvider,
} from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { createHubTransport } from 'nestjs-backchannel/connect';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { Talk } from '../../fixtures/connect/generated/talk_pb.js';

const proto = {
  package: 'talk',
  protoPath: fileURLToPath(new URL('../../fixtures/connect/talk.proto', import.meta.url)),
};

@Controller()
class TalkController {
  @GrpcMethod('Talk')
  ask(): object {
    return { text: 'heard' };
  }
}

/** Notes the paths of calls. */
function noting(paths: string[], name = ''): Interceptor {
  return (options, next) => {
    paths.push(name + options.method_definition.path);
    return new InterceptingCall(next(options));
  };
}

async function connect(channelOptions: object) {
  const { url } = await startListener(
    { ...proto, backchannel: proto },
    { controllers: [TalkController] },
  );
  return (await startDialer({ url, ...proto, backchannel: proto, channelOptions })).client;
}

describe('interceptors of grpc-js that a client of Nest has', () => {
  it('run on calls of a client of Connect, the first one first', async () => {
    const paths: string[] = [];
    const interceptors = [noting(paths, 'one '), noting(paths, 'two ')];
    const client = await connect({ interceptors });

    const { text } = await createClient(Talk, createHubTransport(client)).ask({});

    expect(text).toBe('heard');
    expect(paths).toEqual(['one /talk.Talk/Ask', 'two /talk.Talk/Ask']);
  });

  it('run on its calls when they come from providers, which may leave methods alone', async () => {
    const paths: string[] = [];
    const given = noting(paths);
    const providers: InterceptorProvider[] = [
      () => undefined as unknown as Interceptor,
      ({ path }) => (path.endsWith('Ask') ? given : (undefined as unknown as Interceptor)),
    ];
    const client = await connect({ interceptor_providers: providers });

    await createClient(Talk, createHubTransport(client)).ask({});

    expect(paths).toEqual(['/talk.Talk/Ask']);
  });

  it('run on calls of a stub of grpc-js that has the options of the client', async () => {
    const paths: string[] = [];
    const client = await connect({ interceptors: [noting(paths)] });
    const stub = new Client('hub', credentials.createInsecure(), client.clientOptions);

    const reply = await new Promise<Buffer | undefined>((resolve, reject) =>
      stub.makeUnaryRequest(
        '/talk.Talk/Ask',
        () => Buffer.alloc(0),
        (bytes) => bytes,
        {},
        (error, bytes) => (error ? reject(error) : resolve(bytes)),
      ),
    );

    expect(String(reply)).toContain('heard');
    expect(paths).toEqual(['/talk.Talk/Ask']);
  });
});
