import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelModule,
  getBackchannel,
  Registry,
  serviceOf,
  type PeerEvent,
} from 'nestjs-backchannel';
import { withId } from 'nestjs-backchannel/core';
import { createTestStub, TestClient, TestRegistry } from 'nestjs-backchannel/testing';
import { closing } from '../../fixtures/nest/in-test.js';
import { gitalyProto, praefectProto, type Praefect } from '../../fixtures/nest/protos.js';

const praefect = createTestStub<Praefect>({ voteTransaction: () => ({ voter: 'test' }) });

describe('a registry of a test', () => {
  it('has the peers that a test connects, with what they are said to be', async () => {
    const registry = new TestRegistry();
    const peer = registry.connect({
      name: 'praefect-1',
      services: { Praefect: praefect },
      remoteAddress: '192.0.2.7',
      certificate: { serialNumber: '7' },
    });

    expect(registry.named('praefect-1')).toBe(peer);
    expect(peer).toMatchObject({ remoteAddress: '192.0.2.7', certificate: { serialNumber: '7' } });
    for (const from of [peer, registry.backchannel(peer.id)]) {
      const reply = from.getService<Praefect>('Praefect').voteTransaction({});
      expect(await firstValueFrom(reply)).toEqual({ voter: 'test' });
    }
  });

  it.each([
    ['Praefect', serviceOf<Praefect>('Praefect')],
    ['Praefect', serviceOf<Praefect>('praefect.Praefect')],
    ['praefect.Praefect', serviceOf<Praefect>('praefect.Praefect')],
    ['praefect.Praefect', serviceOf<Praefect>('Praefect')],
  ])('has the stub that it was given as %s under the token $name', async (name, token) => {
    const peer = new TestRegistry().connect({ services: { [name]: praefect, Other: {} } });
    const client = closing(new TestClient({ services: { Other: {}, [name]: praefect } }));

    expect(peer.getService(token)).toBe(praefect);
    expect(client.getService(token)).toBe(praefect);
    for (const stubs of [peer, client]) {
      expect(() => stubs.getService(serviceOf<Praefect>('other.Praefects'))).toThrow(
        'has no service "other.Praefects"',
      );
    }
  });

  it('tells of arrivals and departures as a real one does', async () => {
    const registry = new TestRegistry();
    const events: PeerEvent[] = [];
    registry.peers$.subscribe((event) => events.push(event));
    const awaited = registry.waitFor(({ name }) => name === 'b');
    const [a, b, c] = ['a', 'b', 'c'].map((name) => registry.connect({ name }));
    registry.disconnect(a!);
    registry.disconnect(b!, { cause: 'lost', error: new Error('cut') });
    await c!.close({ reason: 'enough' });

    expect(await awaited).toBe(b);
    expect(registry.size).toBe(0);
    expect(events.slice(3)).toEqual([
      { type: 'disconnected', peer: a, departure: { cause: 'left' } },
      { type: 'disconnected', peer: b, departure: { cause: 'lost', error: new Error('cut') } },
      { type: 'disconnected', peer: c, departure: { cause: 'closed', reason: 'enough' } },
    ]);
  });

  it('stands in for the real one in an application', async () => {
    const registry = new TestRegistry();
    const module = await Test.createTestingModule({
      imports: [
        BackchannelModule.forRoot({ server: { ...gitalyProto, backchannel: praefectProto } }),
      ],
    })
      .overrideProvider(Registry)
      .useValue(registry)
      .compile();

    expect(module.get(Registry)).toBe(registry);
    await module.close();
  });

  it('is where a handler finds the peer of a call', () => {
    const registry = new TestRegistry();
    const { id, backchannel } = registry.connect();

    expect(getBackchannel(withId({}, id, registry))).toBe(backchannel);
  });

  it('says what a peer does not have', () => {
    const registry = new TestRegistry();
    const named = registry.connect({ name: 'praefect-1', services: { Praefect: praefect } });

    expect(() => named.getService('Gitaly')).toThrow(
      'TestPeer "praefect-1" has no service "Gitaly" (it has: Praefect); give it in "services"',
    );
    expect(() => registry.connect().getService('toString')).toThrow(
      'this TestPeer has no service "toString" (it has: none)',
    );
    expect(() => named.backchannel.getClientByServiceName('Praefect')).toThrow(
      'TestPeer "praefect-1" has no grpc-js stub of "Praefect", only what getService gives',
    );
  });
});
