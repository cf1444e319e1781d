import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ListenMuxServer } from 'nestjs-backchannel';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { ALL_KINDS, allKinds } from '../../fixtures/nest/held/all-kinds.js';
import { dialBarely, listenBarely } from '../../fixtures/nest/held/bare-peers.js';
import { ListeningHeldController } from '../../fixtures/nest/held/held.controllers.js';
import type { Held } from '../../fixtures/nest/held/held.js';
import {
  startHeldDialer,
  startHeldListener,
  startHeldPair,
} from '../../fixtures/nest/held/pair.js';
import { goneCode, hasTold, isGrpcJs, textOf, timed } from '../../fixtures/nest/held/watching.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { expectHoldings, restingHoldings } from '../../fixtures/nest/resources.js';
import { Forwarder } from '../../fixtures/nest/rolling/forwarder.js';

/** A pair with calls of all kinds under way in both directions. */
async function startBusyPair() {
  const pair = await startHeldPair();
  const calls = [allKinds(pair.listening.calls), allKinds(pair.dialing.calls)];
  const handlers = [pair.dialing.handler, pair.listening.handler];
  await Promise.all(handlers.map((handler) => handler.hasBegun(4)));
  return {
    ...pair,
    /** Lets all calls finish; gives what they ended with. */
    finish(): Promise<string[][]> {
      for (const handler of handlers) handler.letGo();
      for (const { finish } of calls) finish();
      return Promise.all(calls.map(({ results }) => results));
    },
  };
}

describe('when an application closes, the other end', () => {
  it('of a listening side is told by a GOAWAY on the stream of forward calls', async () => {
    const { app, port } = await startHeldListener();
    const { said } = await dialBarely(port);

    await app.close();

    expect(said[0]).toEqual({ on: 'forward', what: 'goaway' });
  });

  it('of a dialing side is told by a GOAWAY in both directions, first where it serves', async () => {
    const { url, peer } = await listenBarely();
    const { app } = await startHeldDialer(url);
    const { said } = await peer;

    await app.close();

    expect(said[0]).toEqual({ on: 'back', what: 'goaway' });
    // An idle connection grpc-js just ends.
    expect(said).toContainEqual({ on: 'forward', what: isGrpcJs ? 'end' : 'goaway' });
  });

  it('of a listening side has a new connection before the old one goes', async () => {
    const old = await startHeldListener();
    const forwarder = closing(await Forwarder.start(old.port));
    const { client } = await startHeldDialer(forwarder.url);
    const calls = client.getService<Held>('Held');
    const held = old.app.get(ListeningHeldController);
    const call = firstValueFrom(calls.unary({ text: 'old' }));
    await held.hasBegun(1);
    const next = await startHeldListener();
    forwarder.target = next.port;

    const closed = old.app.close();

    await eventually(() => next.registry.size).toBe(1);
    expect(await textOf(calls, 'new')).toBe('new');
    expect(forwarder.connections).toBe(2);
    held.letGo();
    expect(await call).toEqual({ text: 'old' });
    await soon(closed);
    await eventually(() => forwarder.connections).toBe(1);
  });
});

describe.each(['listening', 'dialing'] as const)('closing the %s application', (side) => {
  it('lets calls of all kinds finish, in both directions', async () => {
    const pair = await startBusyPair();

    const closed = pair[side].app.close();
    await hasTold(pair, side);

    expect(await pair.finish()).toEqual([ALL_KINDS, ALL_KINDS]);
    await soon(closed);
  });

  it('lets a forward call finish that calls back only then', async () => {
    const pair = await startHeldPair();
    const call = firstValueFrom(pair.dialing.calls.askBack({ text: 'called' }));
    await pair.listening.handler.hasBegun(1);

    const closed = pair[side].app.close();
    await hasTold(pair, side);
    pair.listening.handler.letGo();

    expect(await call).toEqual({ text: 'called back' });
    await soon(closed);
  });

  it('ends calls with UNAVAILABLE that take longer than drainMs, and waits no longer', async () => {
    const pair = await startHeldPair({ drainMs: 300 });
    const ends = [pair.listening, pair.dialing].flatMap(({ calls }) => [
      endOf(firstValueFrom(calls.unary({ text: 'one' }))),
      endOf(allKinds(calls).results),
    ]);
    await pair.dialing.handler.hasBegun(4);
    await pair.listening.handler.hasBegun(4);

    const tookMs = await timed(() => pair[side].app.close());

    for (const { code } of await soon(Promise.all(ends))) expect(code).toEqual(goneCode);
    expect(tookMs).toBeGreaterThan(290);
    // What docs/limits.md promises: two seconds more.
    expect(tookMs).toBeLessThan(300 + 2000);
  });

  it('is done once, by whomever and however often it is asked for', async () => {
    const before = await restingHoldings();
    const pair = await startHeldPair();
    const call = firstValueFrom(pair.dialing.calls.askBack({ text: 'called' }));
    await pair.listening.handler.hasBegun(1);
    const { app } = pair[side];
    const also = side === 'dialing' ? pair.client : app.get(ListenMuxServer);

    const closed = Promise.all([app.close(), also.close(), app.close(), also.close()]);
    pair.listening.handler.letGo();

    expect(await call).toEqual({ text: 'called back' });
    await soon(closed);
    await app.close();
    await also.close();
    await Promise.all([pair.listening.app.close(), pair.dialing.app.close()]);
    await expectHoldings(before);
  });
});

describe('closing both applications at once', () => {
  it('lets calls of all kinds finish, in both directions', async () => {
    const pair = await startBusyPair();

    const closed = Promise.all([pair.listening.app.close(), pair.dialing.app.close()]);
    await hasTold(pair, 'listening');

    expect(await pair.finish()).toEqual([ALL_KINDS, ALL_KINDS]);
    await soon(closed);
  });
});
