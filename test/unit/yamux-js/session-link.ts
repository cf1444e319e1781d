import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, vi } from 'vitest';
import type { MultiplexSession } from '../../../lib/backchannel/index.js';
import { yamuxJsSessionFactory, type YamuxJsOptions } from '../../../lib/yamux-js/index.js';
import { RawPeer, soon } from '../../fixtures/raw-peer.js';
import { closeOf, watch } from '../../fixtures/yamux-streams.js';

/** One session on a real socket. */
export interface Link {
  readonly session: MultiplexSession;
  /** The next stream that the other end opens, watched. */
  accept(): Promise<Duplex>;
  /** A new stream, watched. */
  open(): Promise<Duplex>;
}

/** A session under test and the raw peer at the other end. */
export interface RawLink extends Link {
  readonly peer: RawPeer;
}

/**
 * Sessions over loopback for one spec file. After each test all is destroyed, and the test fails if
 * a session does not end or a socket is left.
 */
export function useSessions() {
  const sockets: Socket[] = [];
  const sessions: MultiplexSession[] = [];

  afterEach(async () => {
    vi.useRealTimers();
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
    await soon(Promise.all(sockets.map(closeOf)), 'the sockets to close');
    await soon(Promise.all(sessions.map((session) => session.closed)), 'the sessions to end');
    expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([]);
    sockets.length = 0;
    sessions.length = 0;
  });

  async function connectedSockets(): Promise<[near: Socket, far: Socket]> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[far]] = await Promise.all([accepted, once(near, 'connect')]);
    server.close();
    sockets.push(watch(near), watch(far));
    return [near, far];
  }

  async function toRawPeer(role: 'client' | 'server', options: YamuxJsOptions): Promise<RawLink> {
    const [near, far] = await connectedSockets();
    return {
      ...link(yamuxJsSessionFactory(options)(far, role)),
      peer: new RawPeer(near, far),
    };
  }

  function link(session: MultiplexSession): Link {
    sessions.push(session);
    const accepted: Duplex[] = [];
    const arrivals = new EventEmitter();
    session.onStream((stream) => {
      accepted.push(watch(stream));
      arrivals.emit('stream');
    });
    return {
      session,
      async accept() {
        if (accepted.length === 0) await soon(once(arrivals, 'stream'), 'a stream');
        return accepted.shift()!;
      },
      open: async () => watch(await session.open()),
    };
  }

  return {
    connectedSockets,
    link,
    server: (options: YamuxJsOptions = {}) => toRawPeer('server', options),
    client: (options: YamuxJsOptions = {}) => toRawPeer('client', options),
  };
}
