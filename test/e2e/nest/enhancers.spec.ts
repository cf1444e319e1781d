import { Metadata, status } from '@grpc/grpc-js';
import {
  Catch,
  Controller,
  Inject,
  Module,
  Scope,
  UseFilters,
  UseGuards,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { GrpcMethod, Payload, RpcException } from '@nestjs/microservices';
import { firstValueFrom, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  Backchannel,
  BackchannelModule,
  connectBackchannel,
  ListenMuxServer,
  PeerId,
} from 'nestjs-backchannel';
import { urlOf } from '../../fixtures/nest/apps.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import {
  gitalyProto,
  praefectProto,
  type Gitaly,
  type Identity,
  type MutatorReply,
  type MutatorRequest,
  type Praefect,
} from '../../fixtures/nest/protos.js';

const server = { url: '127.0.0.1:0', ...gitalyProto, backchannel: praefectProto };

async function gitalyAt(url: string, praefect: new (...args: never[]) => object): Promise<Gitaly> {
  const { client } = await startDialer(
    { url, ...gitalyProto, backchannel: praefectProto },
    { controllers: [praefect as new () => object] },
  );
  return client.getService<Gitaly>('Gitaly');
}

/** Lets calls pass that carry the metadata `role: admin`. */
class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<Metadata>().get('role')[0] === 'admin';
  }
}

class UpperCasePipe implements PipeTransform {
  transform(request: MutatorRequest): MutatorRequest {
    return { branch: request.branch?.toUpperCase() };
  }
}

@Catch(RangeError)
class RangeErrorFilter implements RpcExceptionFilter<RangeError> {
  catch({ message }: RangeError, _host: ArgumentsHost): Observable<never> {
    return throwError(() => ({ code: status.OUT_OF_RANGE, details: message }));
  }
}

let instances = 0;

/** One for each call; knows the request that it was made for. */
@Controller({ scope: Scope.REQUEST })
class ScopedGitalyController {
  readonly #instance = ++instances;

  constructor(@Inject(REQUEST) private readonly request: { data: MutatorRequest }) {}

  @GrpcMethod('Gitaly')
  async mutator(
    @Payload() { branch }: MutatorRequest,
    @Backchannel('Praefect') praefect: Praefect,
  ): Promise<MutatorReply> {
    const { voter } = await firstValueFrom(praefect.voteTransaction({ branch }));
    return { voter: `${voter} for ${this.request.data.branch}` };
  }

  @GrpcMethod('Gitaly')
  identify(@PeerId() peerId: number): Identity {
    return { peerId: peerId * 1000 + this.#instance };
  }
}

@Controller({ scope: Scope.REQUEST })
class ScopedPraefectController {
  constructor(@Inject(REQUEST) private readonly request: { data: MutatorRequest }) {}

  @GrpcMethod('Praefect')
  voteTransaction({ branch }: MutatorRequest): MutatorReply {
    return { voter: branch === this.request.data.branch ? `scoped ${branch}` : 'mixed up' };
  }
}

@Controller()
@UsePipes(UpperCasePipe)
@UseFilters(RangeErrorFilter)
class EnhancedPraefectController {
  @GrpcMethod('Praefect')
  voteTransaction(@Payload() { branch = '' }: MutatorRequest): MutatorReply {
    if (branch === 'HEAD') throw new RangeError('HEAD is no branch');
    return { voter: branch };
  }
}

/** Passes on what its caller's vote says, failures too. */
@Controller()
class ForwardingGitalyController {
  @GrpcMethod('Gitaly')
  async mutator(
    @Payload() { branch }: MutatorRequest,
    @Backchannel('Praefect') praefect: Praefect,
  ): Promise<MutatorReply> {
    try {
      return await firstValueFrom(praefect.voteTransaction({ branch }));
    } catch (error) {
      throw new RpcException(error as Error);
    }
  }

  @UseGuards(AdminGuard)
  @GrpcMethod('Gitaly')
  identify(@PeerId() peerId: number): Identity {
    return { peerId };
  }
}

describe('request-scoped controllers', () => {
  it('are made for each call on both sides, and get the backchannel of that call', async () => {
    const { url } = await startListener(server, { controllers: [ScopedGitalyController] });
    const clients = [
      await gitalyAt(url, ScopedPraefectController),
      await gitalyAt(url, ScopedPraefectController),
    ];

    const replies = await Promise.all(
      clients.map((gitaly, index) =>
        firstValueFrom(gitaly.mutator({ branch: String(index) })).then(({ voter }) => voter),
      ),
    );
    const ids = await Promise.all(
      clients.map((gitaly) => firstValueFrom(gitaly.identify({})).then(({ peerId }) => peerId)),
    );

    expect(replies).toEqual(['scoped 0 for 0', 'scoped 1 for 1']);
    expect(instances).toBe(4);
    expect(ids.map((id) => Math.floor(id / 1000))).toEqual([1, 2]);
  });
});

describe('guards, pipes and filters', () => {
  it('of a handler of the listening side run before it, with the metadata of the call', async () => {
    const { url } = await startListener(server, { controllers: [ForwardingGitalyController] });
    const gitaly = await gitalyAt(url, PraefectController);
    const admin = new Metadata();
    admin.set('role', 'admin');

    expect(await firstValueFrom(gitaly.identify({}, admin))).toEqual({ peerId: 1 });
    await expect(firstValueFrom(gitaly.identify({}))).rejects.toMatchObject({
      details: 'Forbidden resource',
    });
  });

  it('of a handler of the dialing side run on backchannel calls', async () => {
    const { url } = await startListener(server, { controllers: [ForwardingGitalyController] });
    const gitaly = await gitalyAt(url, EnhancedPraefectController);

    expect(await firstValueFrom(gitaly.mutator({ branch: 'main' }))).toEqual({ voter: 'MAIN' });
  });

  it('give the status of a failed vote that a handler passes on to its caller', async () => {
    const { url } = await startListener(server, { controllers: [ForwardingGitalyController] });
    const gitaly = await gitalyAt(url, EnhancedPraefectController);

    await expect(firstValueFrom(gitaly.mutator({ branch: 'head' }))).rejects.toMatchObject({
      code: status.OUT_OF_RANGE,
      details: 'HEAD is no branch',
    });
  });
});

describe('global interceptors of a hybrid application', () => {
  @Module({
    imports: [BackchannelModule.forRoot({ server })],
    controllers: [ForwardingGitalyController],
  })
  class GitalyModule {}

  /** Starts it with one interceptor, which counts, and calls it once. */
  async function countOneCall(inheritAppConfig: boolean): Promise<number> {
    let count = 0;
    const counter: NestInterceptor = {
      intercept: (_context, next: CallHandler) => {
        count += 1;
        return next.handle();
      },
    };
    const app = closing(
      await NestFactory.create(GitalyModule, { logger: false, abortOnError: false }),
    );
    app.useGlobalInterceptors(counter);
    connectBackchannel(app, { inheritAppConfig });
    await app.startAllMicroservices();
    const gitaly = await gitalyAt(urlOf(app.get(ListenMuxServer)), PraefectController);
    await firstValueFrom(gitaly.mutator({}));
    return count;
  }

  it('run on calls with inheritAppConfig', async () => {
    expect(await countOneCall(true)).toBe(1);
  });

  it('do not without, as with every microservice of Nest', async () => {
    expect(await countOneCall(false)).toBe(0);
  });
});
