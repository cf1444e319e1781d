import { EventEmitter, once } from 'node:events';
import { Metadata, status, type ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, Payload, RpcException } from '@nestjs/microservices';
import { Backchannel, type ClientConn } from 'nestjs-backchannel';
import { firstValueFrom, NEVER, type Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { dial, listen } from '../../fixtures/nest/apps.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, type Calls, type Text } from '../../fixtures/nest/protos.js';

type HandledCall = ServerUnaryCall<Text, Text>;

/** Of the dialing side: every call hangs, and tells when it began and when it was over. */
@Controller()
class HangingController {
  readonly events = new EventEmitter<{ started: [deadline: number]; ended: [] }>();
  open = 0;

  @GrpcMethod('Calls')
  hang(_request: Text, _metadata: Metadata, call: HandledCall): Observable<never> {
    return this.#hang(call);
  }

  @GrpcMethod('Calls')
  hangStream(_request: Text, _metadata: Metadata, call: HandledCall): Observable<never> {
    return this.#hang(call);
  }

  @GrpcStreamMethod('Calls')
  sum(_numbers: Observable<unknown>, _metadata: Metadata, call: HandledCall): Observable<never> {
    return this.#hang(call);
  }

  @GrpcStreamMethod('Calls')
  chat(_texts: Observable<unknown>, _metadata: Metadata, call: HandledCall): Observable<never> {
    return this.#hang(call);
  }

  #hang(call: HandledCall): Observable<never> {
    this.open += 1;
    call.once('cancelled', () => {
      this.open -= 1;
      this.events.emit('ended');
    });
    this.events.emit('started', Number(call.getDeadline()));
    return NEVER;
  }
}

/** The call being handled. */
const Handled = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  context.getArgByIndex<HandledCall>(2),
);

/** Of the listening side: its handlers do with their caller what the test says. */
@Controller()
class CallingController {
  handle: (agent: Calls, call: HandledCall, conn: ClientConn) => unknown = () => ({});

  @GrpcMethod('Calls')
  async echo(
    @Payload() _request: Text,
    @Backchannel('Calls') agent: Calls,
    @Handled() call: HandledCall,
    @Backchannel() conn: ClientConn,
  ): Promise<unknown> {
    return await this.handle(agent, call, conn);
  }

  @GrpcMethod('Calls')
  count(
    @Payload() _request: Text,
    @Backchannel('Calls') agent: Calls,
    @Handled() call: HandledCall,
    @Backchannel() conn: ClientConn,
  ): unknown {
    return this.handle(agent, call, conn);
  }

  @GrpcMethod('Calls')
  async fail(
    @Payload() _request: Text,
    @Backchannel('Calls', { detached: true }) agent: Calls,
    @Handled() call: HandledCall,
    @Backchannel() conn: ClientConn,
  ): Promise<unknown> {
    return await this.handle(agent, call, conn);
  }
}

let applications: { close(): Promise<void> }[];
let hub: Calls;
let calling: CallingController;
let hanging: HangingController;

beforeAll(async () => {
  const listener = await listen(
    { ...callsProto, backchannel: callsProto },
    { controllers: [CallingController] },
  );
  const dialer = await dial(
    { url: listener.url, ...callsProto, backchannel: callsProto },
    { controllers: [HangingController] },
  );
  applications = [dialer.app, listener.app];
  hub = dialer.client.getService<Calls>('Calls');
  calling = listener.app.get(CallingController);
  hanging = dialer.app.get(HangingController);
  await dialer.client.connect();
});

afterEach(() => eventually(() => hanging.open).toBe(0));

afterAll(async () => {
  for (const application of applications) await application.close();
});

const kinds: [string, (agent: Calls) => Observable<unknown>][] = [
  ['unary', (agent) => agent.hang({})],
  ['server stream', (agent) => agent.hangStream({})],
  ['client stream', (agent) => agent.sum(NEVER)],
  ['bidi stream', (agent) => agent.chat(NEVER)],
];

/** The code of the error that an observable ends with. */
async function codeOf(call: Observable<unknown>): Promise<unknown> {
  try {
    return await firstValueFrom(call);
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

describe("a call with the stub of @Backchannel('Service')", () => {
  it.each(kinds)('ends with the call being handled: %s', async (_kind, call) => {
    const ended = once(hanging.events, 'ended');
    const started = once(hanging.events, 'started');
    const code = new Promise((resolve) => {
      calling.handle = (agent) => codeOf(call(agent)).then(resolve);
    });
    const forward = hub.echo({ text: '' }).subscribe({ error: () => {} });
    await started;

    forward.unsubscribe();

    expect(await code).toBe(status.CANCELLED);
    await ended;
  });

  it.each(kinds)('has the deadline of the call being handled: %s', async (_kind, call) => {
    const ended = once(hanging.events, 'ended');
    const started = once(hanging.events, 'started');
    const deadline = Date.now() + 400;
    const code = new Promise((resolve) => {
      // Either end of a call may find first that its deadline has passed: a
      // handler that has passes on that error, and so its caller sees one code.
      calling.handle = async (agent) => {
        const itsCode = await codeOf(call(agent));
        resolve(itsCode);
        throw new RpcException({ code: itsCode, message: 'the deadline has passed' });
      };
    });

    const forward = codeOf(hub.echo({ text: '' }, new Metadata(), { deadline }));

    const [itsDeadline] = (await started) as [number];
    expect(itsDeadline).toBeLessThan(deadline + 10_000);
    // The caller, whose deadline it is, may cancel its call a moment before.
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(await code);
    expect(await forward).toBe(status.DEADLINE_EXCEEDED);
    await ended;
  });

  it('keeps a deadline of its own that is shorter', async () => {
    calling.handle = async (agent) => {
      const deadline = Date.now() + 100;
      return { text: String(await codeOf(agent.hang({}, new Metadata(), { deadline }))) };
    };

    const answer = await firstValueFrom(
      hub.echo({ text: '' }, new Metadata(), { deadline: Date.now() + 60_000 }),
    );

    expect(answer).toEqual({ text: String(status.DEADLINE_EXCEEDED) });
  });

  it.each(kinds)(
    'ends when the handler has answered, as the log says once: %s',
    async (_kind, call) => {
      const lines = logLinesOf('Backchannel');
      const codes: unknown[] = [];
      calling.handle = async (agent) => {
        const started = once(hanging.events, 'started');
        void codeOf(call(agent)).then((code) => codes.push(code));
        await started;
        return { text: 'answered' };
      };

      for (let i = 0; i < 3; i++) {
        expect(await firstValueFrom(hub.echo({ text: '' }))).toEqual({ text: 'answered' });
      }

      await eventually(() => codes).toEqual([1, 1, 1].map(() => status.CANCELLED));
      await eventually(() => hanging.open).toBe(0);
      expect(lines).toMatchObject([
        {
          level: 'warn',
          message: expect.stringMatching(
            /^a call to Calls\.\w+ was ended since the handler CallingController\.echo had answered: .*detached: true/,
          ) as string,
        },
      ]);
    },
  );

  it('ends at once, if it begins when the handler has answered', async () => {
    let code: Promise<unknown> | undefined;
    calling.handle = (agent, call) => {
      call.once('cancelled', () => setImmediate(() => (code = codeOf(agent.hang({})))));
      return { text: 'answered' };
    };

    await firstValueFrom(hub.echo({ text: '' }));

    await eventually(() => code).toBeDefined();
    expect(await code).toBe(status.CANCELLED);
  });

  it('goes on until the observable that the handler returned is complete', async () => {
    const lines = logLinesOf('Backchannel');
    const started = once(hanging.events, 'started');
    calling.handle = (agent) => agent.hangStream({});
    const forward = hub.count({ count: 1 }).subscribe({ error: () => {} });
    await started;

    const ended = once(hanging.events, 'ended');
    forward.unsubscribe();
    await ended;

    expect(lines).toEqual([]);
  });

  it.each<[string, 'echo' | 'fail', (agent: Calls, conn: ClientConn) => Observable<unknown>]>([
    ['{ detached: true }', 'fail', (agent) => agent.hang({})],
    [
      '@Backchannel(), the ClientConn',
      'echo',
      (_agent, conn) => conn.getService<Calls>('Calls').hang({}),
    ],
  ])('goes on with %s', async (_what, method, call) => {
    const lines = logLinesOf('Backchannel');
    const started = once(hanging.events, 'started');
    let stop = (): void => {};
    calling.handle = async (agent, _call, conn) => {
      const subscription = call(agent, conn).subscribe({ error: () => {} });
      stop = () => subscription.unsubscribe();
      await started;
      return { text: 'answered' };
    };
    const failure = { text: '', code: 0, details: '' };
    await firstValueFrom(hub[method](failure, new Metadata(), { deadline: Date.now() + 60_000 }));

    // A call that follows it on the same connection has been there and back.
    calling.handle = () => ({ text: 'again' });
    await firstValueFrom(hub.echo({ text: '' }));
    expect(hanging.open).toBe(1);
    const [deadline] = (await started) as [number];
    expect(deadline).toBe(Infinity);
    expect(lines).toEqual([]);
    stop();
  });

  it('leaves nothing behind on the call being handled, however many there were', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    calling.handle = async (agent, call) => {
      const before = call.listenerCount('cancelled');
      const calls = Array.from({ length: 50 }, () => agent.hang({}).subscribe({ error: () => {} }));
      const during = call.listenerCount('cancelled');
      await eventually(() => hanging.open).toBe(calls.length);
      for (const subscription of calls) subscription.unsubscribe();
      await eventually(() => call.listenerCount('cancelled')).toBe(before);
      return { text: String(during - before) };
    };

    expect(await firstValueFrom(hub.echo({ text: '' }))).toEqual({ text: '1' });
    await new Promise(setImmediate); // Warnings are emitted in a turn of their own.
    expect(warnings).toEqual([]);
  });
});
