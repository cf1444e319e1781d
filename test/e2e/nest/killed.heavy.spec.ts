import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { status } from '@grpc/grpc-js';
import { firstValueFrom, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { dial, listen, type Dialer, type Listener } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { kill, messageOf, startProcess } from '../../fixtures/nest/children.js';
import { endOf, soon, type CallError } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import {
  HangingPraefectController,
  WaitingGitalyController,
} from '../../fixtures/nest/hanging.controllers.js';
import { startListener } from '../../fixtures/nest/in-test.js';
import {
  callsProto,
  gitalyProto,
  praefectProto,
  type Calls,
  type Gitaly,
  type MutatorReply,
} from '../../fixtures/nest/protos.js';

const both = (...protos: { package: string; protoPath: string }[]) => ({
  package: protos.map((proto) => proto.package),
  protoPath: protos.map(({ protoPath }) => protoPath),
});
const dialed = both(gitalyProto, callsProto);
const backchannel = both(praefectProto, callsProto);

/** Milliseconds for starting a program; it needs about two seconds. */
const START_MS = 60_000;

const goneCode = expect.toBeOneOf([status.UNAVAILABLE, status.CANCELLED]);

/** Starts a unary call and a stream that do not end by themselves; resolves when both are under way. */
async function hang(calls: Calls): Promise<{ unary: Promise<CallError>; stream: typeof unary }> {
  const unary = endOf(firstValueFrom(calls.hang({})));
  const stream = endOf(firstValueFrom(calls.hangStream({}).pipe(toArray())));
  await firstValueFrom(calls.hangStream({})); // What was sent before has arrived, too.
  return { unary, stream };
}

describe('when the listening side is killed', () => {
  let child: ChildProcess;
  let url: string;
  let dialer: Dialer;
  let forward: Awaited<ReturnType<typeof hang>>;
  let mutation: Promise<CallError>;
  let cancelled: Promise<unknown>;

  beforeAll(async () => {
    child = startProcess('listener');
    url = (await messageOf(child)) as string;
    dialer = await dial(
      { url, ...dialed, backchannel },
      { controllers: [HangingPraefectController, CallsController] },
    );
    forward = await hang(dialer.client.getService<Calls>('Calls'));
    const { events } = dialer.app.get(HangingPraefectController);
    const asked = once(events, 'asked');
    mutation = endOf(firstValueFrom(dialer.client.getService<Gitaly>('Gitaly').mutator({})));
    await asked;
    cancelled = once(events, 'cancelled');

    await kill(child);
  }, START_MS);

  afterAll(async () => {
    await kill(child);
    await dialer.app.close();
  });

  it('a unary call of the dialing side ends', async () => {
    expect((await soon(forward.unary)).code).toEqual(goneCode);
  });

  it('a stream of the dialing side ends', async () => {
    expect((await soon(forward.stream)).code).toEqual(goneCode);
  });

  it('a call of the dialing side ends that waits for a call back', async () => {
    expect((await soon(mutation)).code).toEqual(goneCode);
  });

  it('the call back that the dialing side is handling is cancelled', async () => {
    await soon(cancelled);
  });

  it('the dialing side comes back by itself once somebody listens there again', async () => {
    const { registry } = await startListener({ url, ...dialed, backchannel });

    await eventually(() => registry.size).toBe(1);

    const calls = registry.backchannel(1).getService<Calls>('Calls');
    expect(await firstValueFrom(calls.echo({ text: 'back' }))).toEqual({ text: 'back' });
  });
});

describe('when the dialing side is killed', () => {
  let child: ChildProcess;
  let listener: Listener;
  let vote: Promise<CallError>;
  let peerId: number;
  let back: Awaited<ReturnType<typeof hang>>;
  let cancelled: Promise<unknown>;

  /** Starts a program that dials, and waits until its call waits for its vote. */
  async function startWaiting() {
    const waiting = once(listener.app.get(WaitingGitalyController).events, 'waiting');
    const program = startProcess('dialer', listener.url);
    const [asked, id] = (await waiting) as [Promise<MutatorReply>, number];
    return { program, end: endOf(asked), id };
  }

  beforeAll(async () => {
    listener = await listen(
      { ...gitalyProto, backchannel },
      { controllers: [WaitingGitalyController] },
    );
    ({ program: child, end: vote, id: peerId } = await startWaiting());
    back = await hang(listener.registry.backchannel(peerId).getService<Calls>('Calls'));
    cancelled = once(listener.app.get(WaitingGitalyController).events, 'cancelled');

    await kill(child);
  }, START_MS);

  afterAll(async () => {
    await kill(child);
    await listener.app.close();
  });

  it('a unary call back ends', async () => {
    expect((await soon(back.unary)).code).toEqual(goneCode);
  });

  it('a stream of the listening side ends', async () => {
    expect((await soon(back.stream)).code).toEqual(goneCode);
  });

  it('the call back that a handler waits for ends', async () => {
    expect((await soon(vote)).code).toEqual(goneCode);
  });

  it('the call is cancelled whose handler waits for that call back', async () => {
    await soon(cancelled);
  });

  it('it is no longer in the registry', async () => {
    await eventually(() => listener.registry.size).toBe(0);
    expect(() => listener.registry.backchannel(peerId)).toThrow(
      `no backchannel for peer ${peerId}`,
    );
  });

  it('who dials next is another peer', { timeout: START_MS }, async () => {
    const { program, end, id } = await startWaiting();
    onTestFinished(async () => {
      await kill(program);
      await end;
    });

    expect(id).toBeGreaterThan(peerId);
    expect(listener.registry.size).toBe(1);
  });
});
