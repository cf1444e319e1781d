import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import {
  ErrorCode,
  Http2Connection,
  PeerAccounts,
  verifyHttp2Options,
} from '../../../lib/http2/index.js';
import { frame, RawClient, TYPE } from '../../fixtures/http2/raw-client.js';

it('a peer with two connections may send no more for nothing than with one', async () => {
  const options = verifyHttp2Options({ maxUselessFrames: 10, uselessFramesPerSecond: 0 });
  const accounts = new PeerAccounts(options);
  const server = createServer(
    (socket) => new Http2Connection(socket, 'server', { onRequest() {} }, options, accounts),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients = [1, 2].map(() => new RawClient((server.address() as AddressInfo).port));
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy();
    server.close();
  });
  const [first, second] = clients as [RawClient, RawClient];
  await first.greet();
  await second.greet();

  // Each SETTINGS of the greetings counts, too.
  for (let i = 0; i < 6; i += 1) await first.ping();
  for (let i = 0; i < 6; i += 1) second.write(frame(TYPE.ping, 0, 0, Buffer.alloc(8)));

  expect(await second.goAwayCode()).toBe(ErrorCode.EnhanceYourCalm);
});
