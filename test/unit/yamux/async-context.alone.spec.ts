import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';

const tenant = new AsyncLocalStorage<string>();

/** The async contexts in which a session tells of its end. */
function contextsOfClose(session: YamuxSession): unknown[] {
  const seen: unknown[] = [];
  session.on('close', () => void seen.push(tenant.getStore() ?? 'none'));
  return seen;
}

describe('a yamux session tells of its end in no async context', () => {
  it.each<[string, (socket: HeldSocket) => void]>([
    ['ended', (socket) => void socket.push(null)],
    ['failed', (socket) => void socket.destroy(new Error('reset'))],
    ['closed', (socket) => void socket.destroy()],
  ])('when its connection has %s in one', async (_how, end) => {
    const socket = new HeldSocket();
    const seen = contextsOfClose(new YamuxSession(socket, 'server'));
    await nextTurn();

    tenant.run('A', end, socket);
    await nextTurn();

    expect(seen).toEqual(['none']);
    socket.destroy();
  });

  it('when the peer does not acknowledge a stream that was opened in one', async () => {
    const session = new YamuxSession(new HeldSocket(), 'client', { streamOpenTimeoutMs: 20 });
    const seen = contextsOfClose(session);

    await tenant.run('A', () => session.open());
    await session.closed;

    expect(seen).toEqual(['none']);
  });

  it('when the peer does not answer a keepalive of a session that was made in one', async () => {
    const config = { keepAlive: true, keepAliveIntervalMs: 20, connectionWriteTimeoutMs: 20 };
    const session = tenant.run('A', () => new YamuxSession(new HeldSocket(), 'client', config));
    const seen = contextsOfClose(session);

    await session.closed;

    expect(seen).toEqual(['none']);
  });
});
