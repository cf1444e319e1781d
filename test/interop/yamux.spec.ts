import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { YamuxSession } from 'nestjs-backchannel/yamux';
import { GoProcess } from '../fixtures/interop/go-process.js';
import { goPeers, prepareGoPeers } from '../fixtures/interop/go-toolchain.js';

const MiB = 1024 * 1024;

const missing = await prepareGoPeers();
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A yamux server of ours that echoes every stream; with the ids of its streams in order of arrival. */
async function startEcho() {
  const ids: number[] = [];
  const sessions: YamuxSession[] = [];
  const listener = createServer((socket) => {
    const session = new YamuxSession(socket, 'server');
    sessions.push(session);
    session.onStream((stream) => {
      ids.push(stream.id);
      stream.pipe(stream);
    });
  });
  closers.push(() => listener.close());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return { ids, sessions, address: `127.0.0.1:${(listener.address() as AddressInfo).port}` };
}

describe.skipIf(missing !== undefined).each(goPeers)('streams of Go with the $title', (peer) => {
  it.each([
    ['ST-04 has 64 streams that it opens at once echoed', 64, 1],
    ['HC-13 has 1 MiB echoed on each of 10 streams at once', 10, MiB],
  ])('%s, and none is left', async (_title, streams, bytes) => {
    const { ids, sessions, address } = await startEcho();
    const args = `echo --addr ${address} --streams ${streams} --bytes ${bytes}`.split(' ');

    const result = await new GoProcess(peer.binary, args).last();

    expect(result).toEqual({ streams, bytes });
    expect(ids.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: streams }, (_, i) => 2 * i + 1),
    );
    await sessions[0]!.closed;
    expect(sessions.map(({ streamCount }) => streamCount)).toEqual([0]);
  });
});
