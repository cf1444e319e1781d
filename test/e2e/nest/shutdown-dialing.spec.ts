import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { dial } from '../../fixtures/nest/apps.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { ALL_KINDS, allKinds } from '../../fixtures/nest/held/all-kinds.js';
import { DialingHeldController } from '../../fixtures/nest/held/held.controllers.js';
import { heldServices, type Held } from '../../fixtures/nest/held/held.js';
import {
  startHeldDialer,
  startHeldListener,
  startHeldPair,
} from '../../fixtures/nest/held/pair.js';
import { eventsOf, hasTold, isGrpcJs, textOf, timed } from '../../fixtures/nest/held/watching.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { Forwarder } from '../../fixtures/nest/rolling/forwarder.js';

describe('a dialing side that closes', () => {
  it('lets a call finish that it handles, and that calls forward only then', async () => {
    const pair = await startHeldPair();
    const call = firstValueFrom(pair.listening.calls.askBack({ text: 'called' }));
    await pair.dialing.handler.hasBegun(1);

    const closed = pair.dialing.app.close();
    await hasTold(pair, 'dialing');
    pair.dialing.handler.letGo();

    expect(await call).toEqual({ text: 'called forth' });
    await soon(closed);
  });

  // With grpc-js it leaves with its last forward call: of a GOAWAY, grpc-js tells nobody.
  it.skipIf(isGrpcJs)('has left at once, whatever its calls do', async () => {
    const { dialing, listening, registry } = await startHeldPair();
    const events = eventsOf(registry);
    const calls = [
      firstValueFrom(dialing.calls.unary({ text: 'forward' })),
      firstValueFrom(listening.calls.unary({ text: 'back' })),
    ];
    const handlers = [dialing.handler, listening.handler];
    await Promise.all(handlers.map((handler) => handler.hasBegun(1)));

    const closed = dialing.app.close();

    await eventually(() => events).toEqual(['left']);
    for (const handler of handlers) handler.letGo();
    expect(await Promise.all(calls)).toEqual([{ text: 'forward' }, { text: 'back' }]);
    await soon(closed);
  });

  it('still answers the first call back, which learns from it that its peer leaves', async () => {
    const { registry, client, listening } = await startHeldPair();
    const events = eventsOf(registry);
    await client.strategy.close();
    expect(registry.size).toBe(1);

    expect(await textOf(listening.calls, 'late')).toBe('late');

    if (!isGrpcJs) await eventually(() => events).toEqual(['left']);
    await client.close();
    await eventually(() => events).toEqual(['left']);
  });

  it.skipIf(isGrpcJs)('is no peer of those whom it connects to meanwhile', async () => {
    const old = await startHeldListener();
    const forwarder = closing(await Forwarder.start(old.port));
    const dialer = await startHeldDialer(forwarder.url);
    const peer = await old.registry.waitFor();
    const call = firstValueFrom(peer.getService<Held>('Held').askBack({ text: 'called' }));
    const held = dialer.app.get(DialingHeldController);
    await held.hasBegun(1);
    const next = await startHeldListener();
    const events = eventsOf(next.registry);
    forwarder.target = next.port;

    const closed = [dialer.app.close()];
    await eventually(() => old.registry.size).toBe(0);
    closed.push(old.app.close());
    await eventually(() => dialer.client.connection.state).toBe('idle');
    held.letGo();

    expect(await call).toEqual({ text: 'called forth' });
    await soon(Promise.all(closed));
    expect(events).toEqual(['connected', 'left']);
  });

  it('does not wait for somebody who says nothing when it connects', async () => {
    const silent = closing(createServer().listen(0, '127.0.0.1'));
    await once(silent, 'listening');
    const accepted = once(silent, 'connection') as Promise<[Socket]>;
    const { port } = silent.address() as AddressInfo;
    const { app, client } = await dial(
      { ...heldServices, url: `127.0.0.1:${port}` },
      { controllers: [DialingHeldController] },
    );
    const [socket] = await accepted;

    const tookMs = await timed(() => app.close());

    expect(tookMs).toBeLessThan(2000);
    expect(client.connection).toEqual({ state: 'closed' });
    await eventually(() => socket.resume().destroyed).toBe(true);
  });

  it('leaves the other clients of its listening side alone', async () => {
    const { registry, url } = await startHeldListener();
    const first = await startHeldDialer(url);
    const second = await startHeldDialer(url);
    const [, peer] = registry;
    const calls = allKinds(peer!.getService<Held>('Held'));
    const handler = second.app.get(DialingHeldController);
    await handler.hasBegun(4);

    await first.app.close();

    expect([...registry]).toEqual([peer]);
    handler.letGo();
    calls.finish();
    expect(await calls.results).toEqual(ALL_KINDS);
    expect(await textOf(second.client.getService<Held>('Held'), 'still here')).toBe('still here');
  });
});

describe('a dialing side whose strategy was closed', () => {
  it('is a peer again when it listens again', async () => {
    const { registry, client, dialing } = await startHeldPair();
    const events = eventsOf(registry);
    await client.strategy.close();

    await new Promise((resolve) => {
      void client.strategy.listen(resolve);
    });

    await eventually(() => events).toEqual(['left', 'connected']);
    const peer = await registry.waitFor();
    expect(await textOf(peer.getService<Held>('Held'), 'again')).toBe('again');
    expect(await textOf(dialing.calls, 'again')).toBe('again');
  });
});
