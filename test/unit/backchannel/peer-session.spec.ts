import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Registry, ServerHandshaker } from '../../../lib/backchannel/index.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { D, SYN, W } from '../../fixtures/yamux-frames.js';

/** A connection over loopback: the near end was accepted. */
async function socketPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { near, far };
}

// Engine grpc-js stops reading at what is no HTTP/2: its session stayed, and all that it had.
it('a stream that nobody reads any more closes when its peer has left', async () => {
  const registry = new Registry();
  const { near, far } = await socketPair();
  far.write(Buffer.concat([W(SYN, 1, 0), D(0, 1, 'nobody reads this')]));
  const { stream } = await new ServerHandshaker(registry).handshake(near);
  await eventually(() => stream.readableLength).toBeGreaterThan(0);
  const closed = once(stream, 'close');

  far.end();

  await closed;
  expect(registry.size).toBe(0);
});
