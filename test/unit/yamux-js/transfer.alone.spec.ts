import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { yamuxSessionFactory, type SessionFactory } from '../../../lib/backchannel/index.js';
import { yamuxJsSessionFactory } from '../../../lib/yamux-js/index.js';
import { soon } from '../../fixtures/raw-peer.js';
import { closeOf, expectSameBytes, pattern, readAll } from '../../fixtures/yamux-streams.js';
import { useSessions, type Link } from './session-link.js';

const MIB = 1024 * 1024;

const PAIRS: [name: string, client: SessionFactory, server: SessionFactory][] = [
  ['both ends', yamuxJsSessionFactory(), yamuxJsSessionFactory()],
  ['the dialing side only', yamuxJsSessionFactory(), yamuxSessionFactory()],
  ['the listening side only', yamuxSessionFactory(), yamuxJsSessionFactory()],
];

describe.each(PAIRS)('yamux-js at %s', (_name, createClient, createServer) => {
  const sessions = useSessions();

  async function connect(): Promise<{ client: Link; server: Link }> {
    const [near, far] = await sessions.connectedSockets();
    return {
      client: sessions.link(createClient(near, 'client')),
      server: sessions.link(createServer(far, 'server')),
    };
  }

  async function transfer(from: Link, to: Link, bytes: Buffer): Promise<Duplex[]> {
    const sender = await from.open();
    sender.end(bytes);
    const receiver = await to.accept();
    receiver.end();
    const [received] = await Promise.all([readAll(receiver), readAll(sender)]);
    expectSameBytes(received, bytes);
    return [sender, receiver];
  }

  it('carries 8 MiB each way at once', async () => {
    const { client, server } = await connect();
    const streams = await Promise.all([
      transfer(client, server, pattern(8 * MIB, 1)),
      transfer(server, client, pattern(8 * MIB, 2)),
    ]);
    await Promise.all(streams.flat().map(closeOf));
  });

  it('carries 16 streams at once, each there and back', async () => {
    const { client, server } = await connect();
    server.session.onStream((stream) => stream.pipe(stream));
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const stream = await client.open();
        const bytes = pattern(MIB + index, index);
        stream.end(bytes);
        expectSameBytes(await readAll(stream), bytes);
      }),
    );
  });

  it('closes both ends from either', async () => {
    for (const closer of ['client', 'server'] as const) {
      const { client, server } = await connect();
      const ends = { client, server };
      const stream = await client.open();
      const other = await server.accept();

      await soon(ends[closer].session.close(), 'the end');

      await Promise.all([stream, other].map(closeOf));
      expect(await ends[closer].session.closed).toBeUndefined();
      await soon(Promise.all([client.session.closed, server.session.closed]), 'both ends');
    }
  });
});
