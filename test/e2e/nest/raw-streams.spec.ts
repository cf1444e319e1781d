import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  UnknownPeerError,
  type Handshaker,
  type Peer,
} from 'nestjs-backchannel';
import { ClientHandshaker, yamuxSessionFactory } from 'nestjs-backchannel/core';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const MAGIC = 'echo-stream';

/** Sends all back that it gets, until the other end has finished. */
class EchoHandshaker implements Handshaker {
  readonly streams: Duplex[] = [];

  constructor(readonly magic = MAGIC) {}

  async handshake(stream: Duplex): Promise<undefined> {
    this.streams.push(stream.on('error', () => {}));
    stream.pipe(stream);
    return undefined;
  }
}

/** A pair whose dialing side has these handshakers of streams. */
async function startPair(...streamHandshakers: Handshaker[]) {
  const listener = await startListener(services, parts);
  const dialer = await startDialer({ ...services, url: listener.url, streamHandshakers }, parts);
  const peer = await listener.registry.waitFor();
  return { ...listener, ...dialer, peer };
}

/** Opens a stream whose error, when its connection ends, is expected. */
async function open(peer: Peer, magic = MAGIC): Promise<Duplex> {
  const stream = await peer.openStream(magic);
  return stream.on('error', () => {});
}

const closed = (stream: Duplex) => new Promise((resolve) => stream.resume().once('close', resolve));

const echo = (stubs: Pick<Peer | BackchannelClient, 'getService'>, text: string) =>
  firstValueFrom(stubs.getService<Calls>('Calls').echo({ text }));

describe('a stream beside the calls', () => {
  it('carries bytes in both directions, each end finishing for itself', async () => {
    const { peer } = await startPair(new EchoHandshaker());
    const stream = await open(peer);
    const sent = Buffer.alloc(1_000_000, 'abcdefg');

    stream.end(sent);

    expect((await buffer(stream)).equals(sent)).toBe(true);
  });

  it('does not disturb the calls, nor do they disturb it', async () => {
    const { peer, client } = await startPair(new EchoHandshaker());
    const streams = await Promise.all(Array.from({ length: 10 }, () => open(peer)));

    const echoes = streams.map((stream, i) => {
      stream.end(`stream ${i}`);
      return buffer(stream);
    });
    expect(await echo(peer, 'back')).toEqual({ text: 'back' });
    expect(await echo(client, 'forward')).toEqual({ text: 'forward' });

    expect((await Promise.all(echoes)).map(String)).toEqual(streams.map((_, i) => `stream ${i}`));
  });

  it('goes to the handshaker of its magic', async () => {
    const [one, other] = [new EchoHandshaker(), new EchoHandshaker('other-magic')];
    const { peer } = await startPair(one, other);

    await open(peer, 'other-magic');

    await eventually(() => other.streams.length).toBe(1);
    expect(one.streams).toEqual([]);
  });

  it.each([
    ['that serves no streams', []],
    ['that serves others', [new EchoHandshaker('other-magic')]],
  ])('is ended by a dialing side %s, which is not harmed', async (_which, handshakers) => {
    const { peer, client } = await startPair(...handshakers);

    const stream = await open(peer);
    const ended = Promise.race([once(stream, 'end'), closed(stream)]);

    await soon(ended);
    expect(await echo(peer, 'back')).toEqual({ text: 'back' });
    expect(await echo(client, 'forward')).toEqual({ text: 'forward' });
  });

  it('ends with its connection, on both sides', async () => {
    const handshaker = new EchoHandshaker();
    const { peer } = await startPair(handshaker);
    const stream = await open(peer);
    await eventually(() => handshaker.streams.length).toBe(1);
    const ends = [stream, handshaker.streams[0]!].map(closed);

    await peer.close();

    await soon(Promise.all(ends));
  });

  it('cannot be opened to a peer that has gone', async () => {
    const { peer } = await startPair(new EchoHandshaker());
    await peer.close();

    expect(await endOf(peer.openStream(MAGIC))).toBeInstanceOf(UnknownPeerError);
  });

  it.each(['short', 'much too long', 'elf-zeiche\u00f1', 7 as unknown as string])(
    'cannot be opened with the magic %o',
    async (magic) => {
      const { peer } = await startPair(new EchoHandshaker());

      await expect(peer.openStream(magic)).rejects.toThrow('the magic must be 11 bytes of ASCII');
    },
  );

  it('needs one handshaker for each magic', () => {
    const streamHandshakers = [new EchoHandshaker(), new EchoHandshaker()];
    const sessionFactory = yamuxSessionFactory();

    expect(() => new BackchannelClient({ ...services, streamHandshakers })).toThrow(
      'already registered',
    );
    expect(
      () =>
        new ClientHandshaker(
          () => {
            throw new Error('not called');
          },
          { streamHandshakers, sessionFactory },
        ),
    ).toThrow('already registered');
  });
});
