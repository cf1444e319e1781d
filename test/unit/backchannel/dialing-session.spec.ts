import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { DialingSession } from '../../../lib/backchannel/dialing-session.js';
import { builtInEngine } from '../../../lib/grpc/index.js';
import { MemoryConnection } from '../../../lib/testing/memory-connection.js';
import { YamuxSession } from '../../../lib/yamux/index.js';

it('a stream beside the calls is refused once its session has ended', async () => {
  const [near, far] = MemoryConnection.pair();
  far.resume();
  const session = new DialingSession(
    new YamuxSession(near, 'client'),
    builtInEngine.createServer(),
    1000,
  );
  const [before, after] = [new PassThrough(), new PassThrough()];

  expect(session.accept(before)).toBe(true);
  const closing = session.close();
  expect(session.accept(after)).toBe(false);

  expect(after.destroyed).toBe(true);
  far.destroy();
  await closing;
});
