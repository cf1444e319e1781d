import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, Payload, type CustomStrategy } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { Backchannel, ListenMuxServer } from 'nestjs-backchannel';
import { withId } from 'nestjs-backchannel/core';
import { createTestStub, TestRegistry } from 'nestjs-backchannel/testing';
import { closing } from '../../fixtures/nest/in-test.js';
import { gitalyProto, praefectProto } from '../../fixtures/nest/protos.js';

interface Praefect {
  vote(request: object): Observable<object>;
}

/** What the call back of the handler came to. */
type Outcome = { code?: status; isUnsubscribed: boolean };

/** A handler whose stub is that of a test, and a call that it handles. */
async function handle(option: { detached?: boolean }, deadline: number) {
  const outcome: Outcome = { isUnsubscribed: false };

  @Controller()
  class GitalyController {
    @GrpcMethod('Gitaly')
    mutator(
      @Payload() _request: object,
      @Backchannel('Praefect', option) praefect: Praefect,
    ): object {
      const votes = praefect.vote({}).subscribe({
        error: ({ code }: { code: status }) => {
          outcome.code = code;
        },
      });
      votes.add(() => (outcome.isUnsubscribed = true));
      return {};
    }
  }

  @Module({ controllers: [GitalyController] })
  class AppModule {}
  const server = new ListenMuxServer({
    url: '127.0.0.1:0',
    ...gitalyProto,
    backchannel: praefectProto,
  });
  const app = closing(await NestFactory.create(AppModule, { logger: false, abortOnError: false }));
  app.connectMicroservice<CustomStrategy>({ strategy: server });
  await app.init();

  const registry = new TestRegistry();
  const praefect = createTestStub<Praefect>({ vote: () => NEVER });
  const { id } = registry.connect({ services: { Praefect: praefect } });
  const call = Object.assign(new EventEmitter(), {
    cancelled: false,
    getDeadline: () => deadline,
    getAuthContext: () => ({}),
  });
  const [handler] = server.getHandlers().values();
  const handled = withId(call, id, registry) as never;
  await (handler as (...args: unknown[]) => unknown)({}, undefined, handled);
  await turn();
  return { outcome, call };
}

it.each([
  ['is cancelled', Infinity, status.CANCELLED],
  ['is past its deadline', Date.now() - 1, status.DEADLINE_EXCEEDED],
])('a call of the double of a stub ends with the handled call that %s', async (_how, at, code) => {
  const { outcome, call } = await handle({}, at);
  expect(outcome.isUnsubscribed).toBe(false);

  call.cancelled = true;
  call.emit('cancelled', 'cancelled');
  await turn();

  expect(outcome).toEqual({ code, isUnsubscribed: true });
  expect(call.listenerCount('cancelled')).toBe(0);
});

it('a call of the double of a detached stub goes on', async () => {
  const { outcome, call } = await handle({ detached: true }, Infinity);

  call.cancelled = true;
  call.emit('cancelled', 'cancelled');
  await turn();

  expect(outcome).toEqual({ isUnsubscribed: false });
});
