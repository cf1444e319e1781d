import { once } from 'node:events';
import { expect, it } from 'vitest';
import { SessionStreams } from '../../../lib/backchannel/session-streams.js';
import { MemoryConnection } from '../../../lib/testing/memory-connection.js';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { eventually } from '../../fixtures/nest/eventually.js';

it.each([
  ['that this side has ended', true],
  ['that this side has not ended', false],
])('a stream %s, with unread data, closes behind its session', async (_what, isEnded) => {
  const [near, far] = MemoryConnection.pair();
  const session = new YamuxSession(near, 'client');
  const peer = new YamuxSession(far, 'server');
  const streams = new SessionStreams(session);
  const stream = await session.open();
  streams.add(stream);
  const accepted = await peer.accept();
  accepted.write('nobody reads this');
  await eventually(() => stream.readableLength).toBeGreaterThan(0);
  if (isEnded) {
    stream.end();
    await once(stream, 'finish');
  }
  const closed = once(stream, 'close');

  far.destroy();
  await session.closed;
  expect(stream.destroyed).toBe(false);

  await closed;
});
