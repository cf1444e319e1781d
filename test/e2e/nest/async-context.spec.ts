import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import type {
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
} from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, Payload } from '@nestjs/microservices';
import { Backchannel } from 'nestjs-backchannel';
import { lastValueFrom, map, type Observable, of, reduce, tap, throwError } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial, listen, type Dialer, type Listener } from '../../fixtures/nest/apps.js';
import { callsProto, type Calls, type CountNumber, type Text } from '../../fixtures/nest/protos.js';

const tenant = new AsyncLocalStorage<string>();
const currentTenant = (): string => tenant.getStore() ?? 'none';
const NUMBERS = [{ value: 1 }, { value: 2 }];
const TEXTS = [{ text: 'one' }, { text: 'two' }];

/** Serves `Calls`. Each handler enters a context of its own, and notes the one in which it began. */
@Controller()
class EnteringController {
  readonly seen: string[] = [];
  readonly events = new EventEmitter<{ stub: [Calls]; answer: [] }>();
  #calls = 0;

  @GrpcMethod('Calls')
  echo(request: Text): Text {
    this.#enter();
    return request;
  }

  @GrpcMethod('Calls')
  count(): Observable<CountNumber> {
    this.#enter();
    return of(...NUMBERS);
  }

  @GrpcStreamMethod('Calls')
  sum(numbers: Observable<CountNumber>): Observable<CountNumber> {
    const own = this.#enter();
    return numbers.pipe(
      tap(() => this.#note(own)),
      reduce((sum, { value }) => ({ value: sum.value + value })),
    );
  }

  @GrpcStreamMethod('Calls')
  chat(texts: Observable<Text>): Observable<Text> {
    const own = this.#enter();
    return texts.pipe(
      tap(() => this.#note(own)),
      map(({ text }) => ({ text: `${text}!` })),
    );
  }

  @GrpcMethod('Calls')
  fail(): Observable<Text> {
    this.#enter();
    return throwError(() => new Error('as the test wants it'));
  }

  /** Gives the test its stub, and answers when the test says so. */
  @GrpcMethod('Calls')
  async answerLater(
    @Payload() request: Text,
    @Backchannel('Calls', { optional: true }) calls?: Calls,
  ): Promise<Text> {
    const answer = once(this.events, 'answer');
    if (calls !== undefined) this.events.emit('stub', calls);
    await answer;
    return request;
  }

  #enter(): string {
    this.seen.push(currentTenant());
    const own = `handler ${++this.#calls}`;
    tenant.enterWith(own);
    return own;
  }

  /** Messages come in the context that the handler entered, or in none. */
  #note(own: string): void {
    const current = currentTenant();
    this.seen.push(current === own ? 'none' : current);
  }
}

interface Applications {
  listener: Listener;
  dialer: Dialer;
}

/** Connected by a call of tenant `first`, as are all lazy clients. */
async function start(lazy: boolean): Promise<Applications> {
  const parts = { controllers: [EnteringController] };
  const listener = await listen({ ...callsProto, backchannel: callsProto }, parts);
  const { url } = listener;
  const dialer = await dial({ url, ...callsProto, lazy, backchannel: callsProto }, parts);
  await tenant.run('first', () =>
    lastValueFrom(dialer.client.getService<Calls>('Calls').echo({ text: 'first' })),
  );
  await listener.registry.waitFor();
  return { listener, dialer };
}

type Kind = 'unary' | 'server stream' | 'client stream' | 'bidi stream' | 'failure';
const kinds: Kind[] = ['unary', 'server stream', 'client stream', 'bidi stream', 'failure'];

/** Makes a call, and gives the contexts in which anything was told of it. */
type Caller = (kind: Kind) => Promise<string[]>;

function observing(calls: Calls): Caller {
  const call = (kind: Kind): Observable<unknown> => {
    if (kind === 'unary') return calls.echo({ text: 'one' });
    if (kind === 'server stream') return calls.count({ count: 2 });
    if (kind === 'client stream') return calls.sum(of(...NUMBERS));
    if (kind === 'bidi stream') return calls.chat(of(...TEXTS));
    return calls.fail({ code: 0, details: '' });
  };
  return async (kind) => {
    const seen: string[] = [];
    const note = (): void => void seen.push(currentTenant());
    const noted = tap({ next: note, error: note, complete: note });
    await lastValueFrom(call(kind).pipe(noted)).catch(() => {});
    return seen;
  };
}

/** The grpc-js stub of `Calls`. */
interface CallsStub {
  echo(request: Text, callback: () => void): ClientUnaryCall;
  fail(request: object, callback: () => void): ClientUnaryCall;
  count(request: object): ClientReadableStream<CountNumber>;
  sum(callback: () => void): ClientWritableStream<CountNumber>;
  chat(): ClientDuplexStream<Text, Text>;
}

type AnyStream =
  | ClientReadableStream<CountNumber>
  | ClientWritableStream<CountNumber>
  | ClientDuplexStream<Text, Text>;

function calling(stub: CallsStub): Caller {
  return async (kind) => {
    const seen: string[] = [];
    const note = (): void => void seen.push(currentTenant());
    const begin = (done: () => void): AnyStream | undefined => {
      const tell = (): void => {
        note();
        done();
      };
      if (kind === 'unary') return void stub.echo({ text: 'one' }, tell).on('metadata', note);
      if (kind === 'failure') return void stub.fail({}, tell).on('status', note);
      if (kind === 'server stream') return stub.count({ count: 2 }).on('end', tell);
      if (kind === 'client stream') {
        const call = stub.sum(tell);
        for (const number of NUMBERS) call.write(number, note);
        return call.end();
      }
      const call = stub.chat().on('end', tell);
      for (const text of TEXTS) call.write(text, note);
      return call.end();
    };
    await new Promise<void>((resolve) => {
      const call = begin(resolve);
      for (const event of ['data', 'metadata', 'status']) call?.on(event, note);
    });
    return seen;
  };
}

/** Runs all kinds of calls for three tenants at the same time, and for nobody. */
async function expectOwnContexts(caller: Caller): Promise<void> {
  const tenants = ['A', 'B', 'C'];
  const run = (kind: Kind) =>
    Promise.all([...tenants.map((name) => tenant.run(name, caller, kind)), caller(kind)]);
  for (const kind of kinds) {
    const contexts = await run(kind);
    for (const [i, name] of [...tenants, 'none'].entries()) {
      expect(contexts[i]!.length, kind).toBeGreaterThan(0);
      expect(new Set(contexts[i]), `${kind} of ${name}`).toEqual(new Set([name]));
    }
  }
}

describe.each([{ lazy: false }, { lazy: true }])('with a client that has $lazy', ({ lazy }) => {
  let listener: Listener;
  let dialer: Dialer;

  beforeAll(async () => {
    ({ listener, dialer } = await start(lazy));
  });

  afterAll(async () => {
    await dialer.app.close();
    await listener.app.close();
  });

  it('results come in the context of their caller, whatever the stub and the direction', async () => {
    const [peer] = listener.registry;

    await expectOwnContexts(observing(dialer.client.getService('Calls')));
    await expectOwnContexts(calling(dialer.client.getClientByServiceName('Calls')));
    await expectOwnContexts(observing(peer!.getService('Calls')));
    await expectOwnContexts(calling(peer!.backchannel.getClientByServiceName('Calls')));
  });

  it('results of @Backchannel stubs come in the context of their caller', async () => {
    const { events } = listener.app.get(EnteringController);
    const stub = once(events, 'stub');
    const forward = lastValueFrom(
      dialer.client.getService<Calls>('Calls').answerLater({ text: 'later' }),
    );

    const [calls] = (await stub) as [Calls];
    await expectOwnContexts(observing(calls));

    events.emit('answer');
    await forward;
  });

  it('handlers begin in no context, though others have entered theirs', async () => {
    const [peer] = listener.registry;
    for (const side of [dialer.client, peer!]) {
      const caller = observing(side.getService<Calls>('Calls'));
      for (const name of ['A', 'B']) {
        await tenant.run(name, () => Promise.all(kinds.map(caller)));
      }
    }

    for (const { app } of [listener, dialer]) {
      const { seen } = app.get(EnteringController);
      expect(seen.length).toBeGreaterThan(2 * kinds.length);
      expect(new Set(seen)).toEqual(new Set(['none']));
    }
  });
});
