import { once } from 'node:events';
import { connectivityState, status } from '@grpc/grpc-js';
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { BackchannelClient, type ListenMuxServerOptions } from 'nestjs-backchannel';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { dial, listen } from '../../fixtures/nest/apps.js';
import { endOf, soon, type CallError } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { expectHoldings, restingHoldings } from '../../fixtures/nest/resources.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const goneCode = expect.toBeOneOf([status.UNAVAILABLE, status.CANCELLED]);

/** Starts a unary call and a stream that do not end by themselves; gives how they end. */
function hang(calls: Calls): Promise<CallError>[] {
  return [
    endOf(firstValueFrom(calls.hang({}))),
    endOf(firstValueFrom(calls.hangStream({}).pipe(toArray()))),
  ];
}

const atOnce = { gracefulShutdown: false };

/** A connected pair of applications that wait for nobody; each has a unary call and a stream under way to the other. */
async function startBusyPair() {
  const before = await restingHoldings();
  const listener = await startListener({ ...services, ...atOnce }, parts);
  const dialer = await startDialer({ url: listener.url, ...services, ...atOnce }, parts);
  const { registry } = listener;

  const forward = dialer.client.getService<Calls>('Calls');
  const back = registry.backchannel(1).getService<Calls>('Calls');
  const ends = { dialing: hang(forward), listening: hang(back) };
  for (const calls of [forward, back]) await firstValueFrom(calls.hangStream({})); // All arrived.
  const left = [listener, dialer].flatMap(({ app }) => {
    const { events } = app.get(CallsController);
    return [once(events, 'cancelled'), once(events, 'unsubscribed')];
  });
  return { listening: listener.app, dialing: dialer.app, registry, ends, left, before };
}

describe.each([
  ['listening', 'dialing'],
  ['dialing', 'listening'],
] as const)('closing the application of the %s side', (side, other) => {
  it('ends the calls of the other side', async () => {
    const pair = await startBusyPair();

    await pair[side].close();

    for (const { code } of await soon(Promise.all(pair.ends[other])))
      expect(code).toEqual(goneCode);
  });

  it('ends its own calls', async () => {
    const pair = await startBusyPair();

    await pair[side].close();

    for (const { code } of await soon(Promise.all(pair.ends[side]))) expect(code).toEqual(goneCode);
  });

  it('tells the handlers of both sides that their callers are gone', async () => {
    const pair = await startBusyPair();

    await pair[side].close();

    await soon(Promise.all(pair.left));
  });

  it('closes the connection: the peer leaves the registry', async () => {
    const pair = await startBusyPair();

    await pair[side].close();

    await eventually(() => pair.registry.size).toBe(0);
  });

  it('leaves nothing open once the other side is closed, too', async () => {
    const pair = await startBusyPair();

    await pair[side].close();
    await pair[other].close();

    await soon(Promise.all([...pair.ends.dialing, ...pair.ends.listening]));
    await expectHoldings(pair.before);
  });

  it('may be done twice, also at once', async () => {
    const pair = await startBusyPair();

    await Promise.all([pair[side].close(), pair[side].close()]);
    await pair[side].close();

    await soon(Promise.all(pair.ends[other]));
  });
});

describe('a dialing side that makes no call', () => {
  it('is not disturbed by a listening side that goes, and is back with it', async () => {
    const first = await listen(services, parts);
    const { client } = await startDialer({ url: first.url, ...services }, parts);
    await first.app.close();

    const { registry } = await startListener({ ...services, url: first.url }, parts);

    await eventually(() => registry.size).toBe(1);
    await client.connect(); // Has noticed it, too.
    const stubs = [client, registry.backchannel(1)].map((of) => of.getService<Calls>('Calls'));
    for (const calls of stubs) {
      expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello' });
    }
  });

  it('connects once there is a listening side, when it was started first', async () => {
    const gone = await listen(services, parts);
    await gone.app.close();
    const dialer = closing((await dial({ url: gone.url, ...services }, parts)).app);
    expect(dialer.get(CallsController)).toBeDefined();

    const { registry } = await startListener({ ...services, url: gone.url }, parts);

    await eventually(() => registry.size).toBe(1);
  });

  it('can be closed while there is no listening side', async () => {
    const before = await restingHoldings();
    const gone = await listen(services, parts);
    await gone.app.close();
    const { app } = await dial({ url: gone.url, ...services }, parts);

    await app.close();

    await expectHoldings(before);
  });
});

describe('closing an application, which is graceful by default,', () => {
  const graceful = (drainMs: number): Partial<ListenMuxServerOptions> => ({ drainMs });

  /** A pair of which both sides are graceful, with one stream under way in each direction. */
  async function startGracefulPair(drainMs: number) {
    const listener = await startListener({ ...services, ...graceful(drainMs) }, parts);
    const dialer = await startDialer(
      { url: listener.url, ...services, ...graceful(drainMs) },
      parts,
    );
    const stubs = {
      listening: dialer.client.getService<Calls>('Calls'),
      dialing: listener.registry.backchannel(1).getService<Calls>('Calls'),
    };
    return { listening: listener.app, dialing: dialer.app, stubs };
  }

  it.each(['listening', 'dialing'] as const)(
    'of the %s side lets a call finish that it is handling',
    async (side) => {
      const { stubs, ...apps } = await startGracefulPair(15_000);
      const { events } = apps[side].get(CallsController);
      const asked = once(events, 'started');
      const answer = firstValueFrom(stubs[side].answerLater({ text: 'patience' }));
      await asked;

      const closed = apps[side].close();
      events.emit('answer');

      expect(await answer).toEqual({ text: 'patience' });
      await soon(closed);
    },
  );

  it('of the dialing side lets a call finish that it has made', async () => {
    const { stubs, listening, dialing } = await startGracefulPair(15_000);
    const { events } = listening.get(CallsController);
    const asked = once(events, 'started');
    const answer = firstValueFrom(stubs.listening.answerLater({ text: 'patience' }));
    await asked;

    const closed = dialing.close();
    events.emit('answer');

    expect(await answer).toEqual({ text: 'patience' });
    await soon(closed);
  });

  it.each(['listening', 'dialing'] as const)(
    'of the %s side ends calls that take longer than drainMs',
    async (side) => {
      const { stubs, ...apps } = await startGracefulPair(200);
      const asked = once(apps[side].get(CallsController).events, 'started');
      const end = endOf(firstValueFrom(stubs[side].hang({})));
      await asked;

      await soon(apps[side].close());

      expect((await soon(end)).code).toEqual(goneCode);
    },
  );

  it.each(['listening', 'dialing'] as const)(
    'of the %s side does not wait for a connection without calls',
    async (side) => {
      const { stubs, ...apps } = await startGracefulPair(60_000);
      for (const calls of Object.values(stubs)) await firstValueFrom(calls.echo({}));

      await soon(apps[side].close());
    },
  );
});

describe('a BackchannelClient', () => {
  it('comes back with its next call, when it serves nothing and so does not do it by itself', async () => {
    const first = await listen(services, parts);
    const client = closing(new BackchannelClient({ url: first.url, ...callsProto }));
    const calls = client.getService<Calls>('Calls');
    await firstValueFrom(calls.echo({}));
    await first.app.close();
    await startListener({ ...services, url: first.url }, parts);
    const state = () => client.unwrap().getConnectivityState(false);
    await eventually(state).toBe(connectivityState.IDLE);

    expect(await firstValueFrom(calls.echo({ text: 'back' }))).toEqual({ text: 'back' });
  });

  it('that is closed rejects connect(), also one under way', async () => {
    const gone = await listen(services, parts);
    await gone.app.close();
    const client = closing(new BackchannelClient({ url: gone.url, ...services }));
    const connecting = endOf(client.connect());

    void client.close();

    const message = `the client of ${gone.url} is closed`;
    expect((await soon(connecting)).message).toBe(message);
    await expect(client.connect()).rejects.toThrow(message);
  });

  it('that is closed ends its calls as gone, every time', async () => {
    const { app, url } = await startListener(services, parts);
    const { events } = app.get(CallsController);
    const codes = new Set<status | undefined>();

    for (let round = 0; round < 30; round++) {
      const client = closing(new BackchannelClient({ url, ...services, ...atOnce }));
      await client.connect();
      const started = once(events, 'started');
      const end = endOf(firstValueFrom(client.getService<Calls>('Calls').hang({})));
      await started;
      await client.close();
      codes.add((await soon(end)).code);
    }

    for (const code of codes) expect(code).toEqual(goneCode);
  });

  it('that is closed fails calls made after', async () => {
    const { url } = await startListener(services, parts);
    const client = closing(new BackchannelClient({ url, ...services }));
    const calls = client.getService<Calls>('Calls');
    await firstValueFrom(calls.echo({}));

    await client.close();

    const { message } = await soon(endOf(firstValueFrom(calls.echo({}))));
    expect(message).toMatch(/shut ?down|closed/);
  });
});
