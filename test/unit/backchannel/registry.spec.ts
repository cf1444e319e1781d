import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ClientConn,
  ConnectionInfo,
  NoPeerError,
  Registry,
  UnknownPeerError,
  type Departure,
  type Peer,
} from 'nestjs-backchannel';
import { grpcJsEngine, type PeerLink } from 'nestjs-backchannel/core';
import { PassThrough } from 'node:stream';
import { Uncaught } from '../../fixtures/http2/uncaught.js';

/** A connection to nobody. */
function newConn(): ClientConn {
  const conn = new ClientConn(grpcJsEngine.createStreamChannel(() => new Promise(() => {})));
  onTestFinished(() => conn.close());
  return conn;
}

/** Registers a peer that says so when it is closed. */
function register(registry: Registry, name?: string): number {
  const link: PeerLink = {
    connection: new ConnectionInfo(new PassThrough()),
    openStreams: 0,
    close: async (departure) => registry.removeBackchannel(id, departure),
  };
  const id = registry.registerBackchannel(newConn(), { identity: { name }, link });
  return id;
}

/** What is told from now on, as one line for each event. */
function eventsOf(registry: Registry): string[] {
  const lines: string[] = [];
  registry.peers$.subscribe((event) => {
    const why = event.type === 'disconnected' ? ` (${event.departure.cause})` : '';
    lines.push(`${event.peer.id} ${event.type}${why}`);
  });
  return lines;
}

const idsOf = (registry: Registry) => [...registry].map(({ id }) => id);

describe('a registry', () => {
  it('has the peers that are there, oldest first', () => {
    const registry = new Registry();
    const [first, second, third] = [1, 2, 3].map(() => register(registry));

    registry.removeBackchannel(second!);
    const fourth = register(registry);

    expect(idsOf(registry)).toEqual([first, third, fourth]);
    expect(registry.size).toBe(3);
  });

  it('may be listed while peers come and go', () => {
    const registry = new Registry();
    const ids = [1, 2, 3].map(() => register(registry));

    const listed: number[] = [];
    for (const { id } of registry) {
      listed.push(id);
      registry.removeBackchannel(id);
    }

    expect(listed).toEqual(ids);
    expect(registry.size).toBe(0);
  });

  it('gives a peer by its id for as long as it is there', () => {
    const registry = new Registry();
    const conn = newConn();
    const id = registry.registerBackchannel(conn);

    expect(registry.get(id)).toMatchObject({ id, backchannel: conn });
    expect(registry.backchannel(id)).toBe(conn);

    registry.removeBackchannel(id);

    expect(registry.get(id)).toBeUndefined();
    expect(() => registry.backchannel(id)).toThrow(UnknownPeerError);
  });

  it('gives the same object for a peer however it is found', async () => {
    const registry = new Registry();
    const found: Peer[] = [];
    registry.peers$.subscribe(({ peer }) => found.push(peer));

    const id = register(registry, 'press');
    found.push(...registry, registry.get(id)!, registry.named('press')!, await registry.waitFor());
    registry.removeBackchannel(id);

    expect(found).toHaveLength(6);
    expect(new Set(found).size).toBe(1);
  });

  it('takes no notice when a peer is removed twice', () => {
    const registry = new Registry();
    const [gone, there] = [register(registry), register(registry)];
    registry.removeBackchannel(gone);
    const events = eventsOf(registry);

    registry.removeBackchannel(gone, { cause: 'shutdown' });

    expect(events).toEqual([]);
    expect(idsOf(registry)).toEqual([there]);
  });
});

describe('a name', () => {
  it('leads to the peer of that name that came last', () => {
    const registry = new Registry();
    register(registry, 'press');
    const newest = register(registry, 'press');
    register(registry, 'lathe');
    register(registry);

    expect(registry.named('press')?.id).toBe(newest);
  });

  it('leads to the one before when the newest leaves, and to the newest when an older one does', () => {
    const registry = new Registry();
    const [oldest, older, newest] = [1, 2, 3].map(() => register(registry, 'press'));

    registry.removeBackchannel(older!);
    expect(registry.named('press')?.id).toBe(newest);

    registry.removeBackchannel(newest!);
    expect(registry.named('press')?.id).toBe(oldest);

    registry.removeBackchannel(oldest!);
    expect(registry.named('press')).toBeUndefined();
  });

  it('that nobody has leads nowhere, not even the names of what every object has', () => {
    const registry = new Registry();
    register(registry);

    for (const name of ['press', '', 'constructor', '__proto__', 'undefined']) {
      expect(registry.named(name)).toBeUndefined();
    }
  });
});

describe('peers$', () => {
  it('tells of arrivals and departures from the subscription on', () => {
    const registry = new Registry();
    const first = register(registry);
    const events = eventsOf(registry);

    const second = register(registry);
    registry.removeBackchannel(first, { cause: 'lost', error: new Error('cut') });
    registry.removeBackchannel(second);

    expect(events).toEqual(['2 connected', '1 disconnected (lost)', '2 disconnected (left)']);
  });

  it('finds the registry as it is after what it tells', () => {
    const registry = new Registry();
    const sizes: number[] = [];
    const known: boolean[] = [];
    registry.peers$.subscribe(({ peer }) => {
      sizes.push(registry.size);
      known.push(registry.get(peer.id) !== undefined, registry.named('press') !== undefined);
    });

    registry.removeBackchannel(register(registry, 'press'));

    expect(sizes).toEqual([1, 0]);
    expect(known).toEqual([true, true, false, false]);
  });

  it('tells everybody of an arrival before the departure that one of them makes of it', () => {
    const registry = new Registry();
    registry.peers$.subscribe(({ type, peer }) => {
      if (type === 'connected') registry.removeBackchannel(peer.id, { cause: 'closed' });
    });
    const events = eventsOf(registry);

    register(registry);
    register(registry);

    expect(events).toEqual([
      '1 connected',
      '1 disconnected (closed)',
      '2 connected',
      '2 disconnected (closed)',
    ]);
  });

  it('goes on for those who stay when one unsubscribes while it is told', () => {
    const registry = new Registry();
    const subscription = registry.peers$.subscribe(() => subscription.unsubscribe());
    const events = eventsOf(registry);

    registry.removeBackchannel(register(registry));

    expect(events).toEqual(['1 connected', '1 disconnected (left)']);
  });

  it('cannot be ended or fed by who gets it', () => {
    expect(new Registry().peers$).not.toHaveProperty('next');
  });
});

describe('a subscriber that throws', () => {
  it('harms nobody: others are told, and the error is uncaught as that of any listener', async () => {
    const uncaught = new Uncaught();
    onTestFinished(() => uncaught.release());
    const registry = new Registry();
    const error = new Error('a bug of the subscriber');
    registry.peers$.subscribe(() => {
      throw error;
    });
    const events = eventsOf(registry);

    const id = register(registry, 'press');
    expect(registry.named('press')?.id).toBe(id);
    registry.removeBackchannel(id);

    expect(events).toEqual(['1 connected', '1 disconnected (left)']);
    await vi.waitFor(() => expect(uncaught.errors).toEqual([error, error]));
  });
});

describe('waitFor', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const isPress = ({ name }: Peer) => name === 'press';

  it('gives the oldest peer that is there already', async () => {
    const registry = new Registry();
    register(registry);
    const press = register(registry, 'press');
    register(registry, 'press');

    expect((await registry.waitFor(isPress)).id).toBe(press);
    expect((await registry.waitFor()).id).toBe(1);
  });

  it('gives the next one to come, and passes others by', async () => {
    const registry = new Registry();
    register(registry);
    const waiting = registry.waitFor(isPress);

    register(registry, 'lathe');
    const press = register(registry, 'press');
    register(registry, 'press');

    expect((await waiting).id).toBe(press);
  });

  it('does not take a peer that leaves for one that comes', async () => {
    const registry = new Registry();
    let matches = false;
    const waiting = registry.waitFor(() => matches);
    const gone = register(registry);
    matches = true;

    registry.removeBackchannel(gone);
    const next = register(registry);

    expect((await waiting).id).toBe(next);
  });

  it('gives every waiter the peer that it waits for', async () => {
    const registry = new Registry();
    const waiting = ['press', 'lathe', 'press'].map((wanted) =>
      registry.waitFor(({ name }) => name === wanted),
    );

    register(registry, 'lathe');
    register(registry, 'press');

    expect((await Promise.all(waiting)).map(({ id }) => id)).toEqual([2, 1, 2]);
  });

  it('fails with NoPeerError at its deadline, and says how long it waited', async () => {
    const waiting = new Registry().waitFor(undefined, { deadlineMs: 20 });

    await expect(waiting).rejects.toThrow(NoPeerError);
    await expect(waiting).rejects.toMatchObject({
      reason: 'ERR_BACKCHANNEL_NO_PEER',
      message: 'no peer that was waited for connected within 20 ms',
    });
  });

  it.each([Infinity, 2 ** 31, 2 ** 53])('waits on with a deadline of %d ms', async (deadlineMs) => {
    const registry = new Registry();
    const waiting = registry.waitFor(undefined, { deadlineMs });
    let failed = false;
    waiting.catch(() => (failed = true));

    // Longer than what Node makes of a delay that it cannot keep: 1 ms.
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(failed).toBe(false);
    register(registry);
    expect((await waiting).id).toBe(1);
  });

  it('fails with the reason of its signal, whatever that is', async () => {
    const abort = new AbortController();
    const waiting = new Registry().waitFor(undefined, { signal: abort.signal, deadlineMs: 60_000 });

    abort.abort('enough');

    await expect(waiting).rejects.toBe('enough');
  });

  it('does not begin when its signal has aborted, even if the peer is there', async () => {
    const registry = new Registry();
    register(registry);

    const waiting = registry.waitFor(undefined, { signal: AbortSignal.abort('too late') });

    await expect(waiting).rejects.toBe('too late');
  });

  it('fails with what its predicate throws, of a peer that is there and of one that comes', async () => {
    const registry = new Registry();
    const error = new Error('a bug of the predicate');
    const predicate = () => {
      throw error;
    };
    const waiting = registry.waitFor(predicate);
    const events = eventsOf(registry);

    register(registry);

    await expect(waiting).rejects.toBe(error);
    await expect(registry.waitFor(predicate)).rejects.toBe(error);
    expect(events).toEqual(['1 connected']);
  });

  it.each<[string, (registry: Registry, abort: AbortController) => void]>([
    ['a peer', (registry) => void register(registry)],
    ['the signal', (_registry, abort) => abort.abort()],
    ['the deadline', () => void vi.advanceTimersByTime(1000)],
  ])('leaves nothing behind when %s ends it', async (_what, end) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const registry = new Registry();
    const abort = new AbortController();
    const { signal } = abort;
    const predicate = vi.fn<(peer: Peer) => boolean>(() => true);
    const waiting = registry.waitFor(predicate, { signal, deadlineMs: 1000 }).catch(() => {});
    const timers = vi.getTimerCount();

    end(registry, abort);
    await waiting;
    predicate.mockClear();
    register(registry);

    expect(timers).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(predicate).not.toHaveBeenCalled();
  });
});

describe('waiting for many peers', () => {
  it('with one signal prints no warning, and leaves no listener', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const registry = new Registry();
    const { signal } = new AbortController();

    const waiting = Array.from({ length: 50 }, () => registry.waitFor(undefined, { signal }));
    register(registry);
    await Promise.all(waiting);

    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await nextTurn(); // Warnings are emitted in a turn of their own.
    expect(warnings).toEqual([]);
  });
});

describe('an async context', () => {
  const tenant = new AsyncLocalStorage<string>();

  it('in which a peer comes is not that of the subscribers, nor does theirs become one of others', () => {
    const registry = new Registry();
    const seen: unknown[] = [];
    registry.peers$.subscribe(() => {
      seen.push(tenant.getStore());
      tenant.enterWith('a subscriber');
    });

    tenant.run('A', () => register(registry));
    tenant.run('B', () => registry.removeBackchannel(1));

    expect(seen).toEqual([undefined, undefined]);
    expect(tenant.getStore()).toBeUndefined();
  });

  it('in which somebody waits for a peer is that of the predicate', async () => {
    const registry = new Registry();
    const seen: unknown[] = [];
    const waiting = tenant.run('A', () => registry.waitFor(() => seen.push(tenant.getStore()) > 0));

    register(registry);
    await waiting;

    expect(seen).toEqual(['A']);
  });
});

describe('a peer', () => {
  it('is closed through what carries it, with the reason', async () => {
    const registry = new Registry();
    const departures: Departure[] = [];
    registry.peers$.subscribe((event) => {
      if (event.type === 'disconnected') departures.push(event.departure);
    });
    register(registry);
    register(registry);
    const [first, second] = registry;

    await first!.close({ reason: 'moved' });
    await second!.close();

    expect(departures).toEqual([
      { cause: 'closed', reason: 'moved' },
      { cause: 'closed', reason: undefined },
    ]);
  });

  it('may be without a connection, as in tests of users', async () => {
    const registry = new Registry();
    const before = new Date();
    const id = registry.registerBackchannel(newConn());
    const peer = registry.get(id)!;

    expect(peer).toMatchObject({ id, bytesRead: 0, bytesWritten: 0, openStreams: 0 });
    expect(peer.name).toBeUndefined();
    expect(peer.remoteAddress).toBeUndefined();
    expect(peer.remotePort).toBeUndefined();
    expect(peer.certificate).toBeUndefined();
    expect(peer.connectedAt.getTime()).toBeGreaterThanOrEqual(before.getTime());
    await peer.close();
    await nextTurn();
  });
});
