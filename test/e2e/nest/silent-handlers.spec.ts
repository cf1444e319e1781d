import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { status, type sendUnaryData, type ServiceError } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { Ctx, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Backchannel, PeerId } from 'nestjs-backchannel';
import { soon } from '../../fixtures/nest/end-of.js';
import { heldServices, type Held, type Note } from '../../fixtures/nest/held/held.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';

type Callback = sendUnaryData<Note>;

/** What the handlers do; each has other parameters. */
const act: { collect: (...given: never[]) => unknown; chat: (...given: never[]) => unknown } = {
  collect: () => undefined,
  chat: () => undefined,
};

@Controller()
class CallController {
  @GrpcStreamCall('Held', 'ClientStream')
  collect(@Payload() call: Duplex, @PeerId() _id: number): unknown {
    return act.collect(call as never);
  }

  @GrpcStreamCall('Held', 'BidiStream')
  chat(@Payload() call: Duplex, @PeerId() _id: number): unknown {
    return act.chat(call as never);
  }
}

@Controller()
class NothingController {
  @GrpcStreamCall('Held', 'ClientStream')
  collect(@Backchannel() _conn: object): unknown {
    return act.collect();
  }

  @GrpcStreamCall('Held', 'BidiStream')
  chat(@Backchannel() _conn: object): unknown {
    return act.chat();
  }
}

@Controller()
class CallbackController {
  @GrpcStreamCall('Held', 'ClientStream')
  collect(@Payload() call: Duplex, @Ctx() callback: Callback, @PeerId() _id: number): unknown {
    return act.collect(call as never, callback as never);
  }
}

@Controller()
class PlainController {
  @GrpcStreamCall('Held', 'ClientStream')
  collect(call: Duplex, callback: Callback): unknown {
    return act.collect(call as never, callback as never);
  }
}

type Controllers =
  | typeof CallController
  | typeof NothingController
  | typeof CallbackController
  | typeof PlainController;

async function stubOf(controller: Controllers): Promise<Held> {
  const { url } = await startListener(heldServices, { controllers: [controller] });
  const { client } = await startDialer({ ...heldServices, url });
  return client.getService<Held>('Held');
}

const notes = (): Observable<Note> => of({ text: 'a' }, { text: 'b' });

/** The answer, or the status without one. */
function outcomeOf(answer: Observable<Note>): Promise<unknown> {
  const ended = lastValueFrom(answer).catch(({ code, details }: ServiceError) => ({
    code,
    details,
  }));
  return soon(ended);
}

beforeEach(() => {
  act.collect = () => undefined;
  act.chat = () => undefined;
});

describe('a handler of @GrpcStreamCall with decorated parameters that returns without an answer', () => {
  const noCallback = {
    code: status.INTERNAL,
    details:
      'the handler of ClientStream returned without an answer, and has no callback to answer by: take it with @Ctx()',
  };
  const noCall = {
    code: status.INTERNAL,
    details:
      'the handler of BidiStream returned without an answer, and has no call to answer by: take it with @Payload()',
  };

  it.each<[string, (call: Duplex) => unknown]>([
    ['at once', () => undefined],
    ['with a promise', async () => undefined],
    ['with an observable', () => of()],
    ['when it has read the requests', readAll],
    ['while it reads the requests', (call) => void call.resume()],
  ])('ends its call if it has no callback: %s', async (_when, collect) => {
    act.collect = collect;
    const held = await stubOf(CallController);
    expect(await outcomeOf(held.clientStream(notes()))).toEqual(noCallback);
  });

  it('ends its call if it has neither callback nor call', async () => {
    const held = await stubOf(NothingController);
    expect(await outcomeOf(held.clientStream(notes()))).toEqual(noCallback);
    expect(await outcomeOf(held.bidiStream(notes()))).toEqual(noCall);
  });

  it('may fail a call for a second more that it has no callback of', async () => {
    act.collect = (call: Duplex) => {
      const bad = Object.assign(new Error('bad'), { code: status.ABORTED });
      call.resume().on('end', () => setImmediate(() => call.emit('error', bad)));
    };
    const held = await stubOf(CallController);
    expect(await outcomeOf(held.clientStream(notes()))).toEqual({
      code: status.ABORTED,
      details: 'bad',
    });
  });

  it('has all the time that it wants to answer by its call', async () => {
    act.chat = (call: Duplex) => {
      call.write({ text: 'late' });
      call.resume().on('end', () => setTimeout(() => call.end(), 1200));
    };
    const held = await stubOf(CallController);
    expect(await outcomeOf(held.bidiStream(notes()))).toEqual({ text: 'late' });
  });

  it.each<[string, Controllers]>([
    ['taken with @Ctx()', CallbackController],
    ['without decorators', PlainController],
  ])('has all the time that it wants to answer by its callback: %s', async (_how, controller) => {
    act.collect = (call: Duplex, callback: Callback) => {
      call.resume().on('end', () => void pause(1200).then(() => callback(null, { text: 'late' })));
    };
    const held = await stubOf(controller);
    expect(await outcomeOf(held.clientStream(notes()))).toEqual({ text: 'late' });
  });
});

async function readAll(call: Duplex): Promise<void> {
  for await (const _request of call) continue;
}
