import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  HandshakeError,
  PeerRefusedError,
  Registry,
  ServerHandshaker,
  type AuthorizePeer,
} from 'nestjs-backchannel';
import { GREETING, OPEN } from '../../fixtures/nest/raw-dialer.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { D, RawPeer, SYN, W } from '../../fixtures/raw-peer.js';

const KIB = 1024;

/** Both ends of a connection behind its magic, and a handshaker for the near one. */
async function startCandidate(authorizePeer: AuthorizePeer) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  near.on('error', () => {}); // As `ListenMux` has it.
  const registry = new Registry();
  const handshaker = new ServerHandshaker(registry, { authorizePeer });
  const peer = new RawPeer(far, near);
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { peer, near, registry, handshake: () => handshaker.handshake(near) };
}

/** An `authorizePeer` that waits for the test to answer. */
function waiting() {
  let answer!: (name?: string) => void;
  const answered = new Promise<{ name?: string | undefined }>((resolve) => {
    answer = (name) => resolve({ name });
  });
  let signal!: AbortSignal;
  const authorizePeer: AuthorizePeer = (candidate) => {
    ({ signal } = candidate);
    return answered;
  };
  return { authorizePeer, answer, signal: () => signal };
}

/** The text of the refusal that the peer gets, once it has opened its stream. */
async function refusalTo(peer: RawPeer): Promise<{ code: number; text: string }> {
  const frames = await peer.framesUntilEnd();
  const data = Buffer.concat(frames.filter(({ type }) => type === 0).map(({ payload }) => payload));
  expect(data.readUIntBE(0, 3)).toBe(data.length - 9);
  expect(data.readUInt8(3)).toBe(7); // A GOAWAY, and nothing else.
  return { code: data.readUInt32BE(13), text: data.toString('utf8', 17) };
}

describe('a candidate', () => {
  it('that sends more than 128 KiB before there is an answer is hung up on', async () => {
    const { authorizePeer, signal } = waiting();
    const { peer, near, registry, handshake } = await startCandidate(authorizePeer);
    const handshaking = handshake();
    const failed = expect(soon(handshaking)).rejects.toMatchObject({
      reason: 'ERR_BACKCHANNEL_HANDSHAKE',
      cause: new Error('it sent more than 131072 bytes'),
    });
    const frames = Array.from({ length: 64 }, () => D(0, 1, Buffer.alloc(64 * KIB)));

    peer.write(OPEN, ...frames);

    await failed;
    expect(signal().aborted).toBe(true);
    expect(await bytesWhenStalled(near)).toBeLessThanOrEqual(
      256 * KIB + near.readableHighWaterMark,
    );
    expect(registry.size).toBe(0);
    peer.reset();
  });

  it('that sends less is let in, and has all of it served', async () => {
    const { authorizePeer, answer } = waiting();
    const { peer, near, handshake } = await startCandidate(authorizePeer);
    const handshaking = handshake();
    const payload = Buffer.alloc(120 * KIB, 'x');

    peer.write(OPEN, D(0, 1, payload));
    await vi.waitFor(() => expect(near.bytesRead).toBe(payload.length + 24));
    answer();

    const { stream } = await soon(handshaking);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await vi.waitFor(() => expect(bytes).toBe(payload.length));
    peer.end();
  });

  it('that is let in has every byte served that it sent meanwhile', async () => {
    const { authorizePeer, answer } = waiting();
    const { peer, near, registry, handshake } = await startCandidate(authorizePeer);
    const handshaking = handshake();

    // In pieces, so that there is more than one to put back, and the last within a frame.
    const bytes = Buffer.concat([OPEN, GREETING, D(0, 1, 'the rest')]);
    for (let at = 0; at < bytes.length - 3; at += 7) {
      await peer.deliver(bytes.subarray(at, Math.min(at + 7, bytes.length - 3)));
    }
    expect(registry.size).toBe(0);
    answer('press');
    peer.write(bytes.subarray(-3));
    const { stream } = await soon(handshaking);

    let seen = '';
    stream.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
    await vi.waitFor(() => expect(seen).toBe(`${GREETING.toString('latin1', 12)}the rest`));
    expect(registry.named('press')).toBeDefined();
    expect(near.listenerCount('readable')).toBe(0);
    peer.end();
  });

  it.each<[string, (peer: RawPeer) => void]>([
    ['hangs up', (peer) => peer.end()],
    ['breaks the connection', (peer) => peer.reset()],
  ])('that %s has its authorization aborted, and is never a peer', async (_how, leave) => {
    const { authorizePeer, answer, signal } = waiting();
    const { peer, near, registry, handshake } = await startCandidate(authorizePeer);
    const events: unknown[] = [];
    registry.peers$.subscribe((event) => events.push(event));
    const handshaking = handshake();
    await peer.deliver(OPEN, GREETING);

    leave(peer);

    await expect(soon(handshaking)).rejects.toThrow(
      'the connection ended before the client was authorized',
    );
    await expect(handshaking).rejects.toThrow(HandshakeError);
    expect(signal().aborted).toBe(true);
    answer('press');
    await vi.waitFor(() => expect(near.closed).toBe(true));
    expect(events).toEqual([]);
  });

  it('has its authorization aborted in no async context, whoever made the connection', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const socket = new Duplex({ read() {}, write() {} });
    const seen: unknown[] = [];
    const handshaker = new ServerHandshaker(new Registry(), {
      authorizePeer: async ({ signal }) => {
        signal.addEventListener('abort', () => seen.push(tenant.getStore() ?? 'none'));
        await once(signal, 'abort');
      },
    });
    const handshaking = handshaker.handshake(socket);

    tenant.run('A', () => socket.destroy());

    await expect(soon(handshaking)).rejects.toThrow(HandshakeError);
    expect(seen).toEqual(['none']);
  });

  it('that left before it was looked at is not asked about', async () => {
    const socket = new Duplex({ read() {}, write() {} });
    socket.destroy();
    await once(socket, 'close');
    const asked = vi.fn<AuthorizePeer>(({ signal }) => once(signal, 'abort').then(() => {}));

    const handshaking = new ServerHandshaker(new Registry(), { authorizePeer: asked }).handshake(
      socket,
    );

    await expect(soon(handshaking)).rejects.toThrow(HandshakeError);
    expect(asked).not.toHaveBeenCalled();
  });

  it('that was let in does not abort its authorization any more when it leaves', async () => {
    const { authorizePeer, answer, signal } = waiting();
    const { peer, near, handshake } = await startCandidate(authorizePeer);
    answer();
    peer.write(OPEN, GREETING);
    await soon(handshake());

    peer.end();
    await soon(once(near, 'close'));

    expect(signal().aborted).toBe(false);
  });

  it('that leaves is gone, whatever authorizePeer makes of that', async () => {
    const { peer, handshake } = await startCandidate(async ({ signal }) => {
      await once(signal, 'abort');
      throw new PeerRefusedError('it left');
    });
    const handshaking = handshake();

    peer.end();

    await expect(soon(handshaking)).rejects.toThrow(HandshakeError);
  });
});

describe('a refusal', () => {
  const refuseWith =
    (error: unknown): AuthorizePeer =>
    () => {
      throw error;
    };

  it('tells the reason where HTTP/2 is waited for, and nothing else, and hangs up', async () => {
    const { peer, registry, handshake } = await startCandidate(
      refuseWith(new PeerRefusedError('no seat left')),
    );
    const handshaking = handshake().catch((error: unknown) => error);

    peer.write(OPEN, GREETING);

    expect(await refusalTo(peer)).toEqual({ code: 12, text: 'peer refused: no seat left' });
    expect(await handshaking).toMatchObject({ reason: 'ERR_BACKCHANNEL_PEER_REFUSED' });
    expect(registry.size).toBe(0);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('password of the database is wrong')],
    ['a string', 'password of the database is wrong'],
    ['nothing', undefined],
  ])('by %s that was not meant as one tells no more than that', async (_what, thrown) => {
    const { peer, handshake } = await startCandidate(refuseWith(thrown));
    const handshaking = handshake().catch((error: unknown) => error);

    peer.write(OPEN, GREETING);

    expect(await refusalTo(peer)).toEqual({ code: 12, text: 'peer refused: not authorized' });
    expect(await handshaking).toMatchObject({ cause: thrown });
  });

  it('cuts a long reason', async () => {
    const { peer, handshake } = await startCandidate(
      refuseWith(new PeerRefusedError('é'.repeat(100_000))),
    );
    handshake().catch(() => {});

    peer.write(OPEN, GREETING);

    const { text } = await refusalTo(peer);
    expect(text).toBe(`peer refused: ${'é'.repeat(505)}`);
  });

  it('waits for the stream that it is told on', async () => {
    const { peer, handshake } = await startCandidate(refuseWith(new PeerRefusedError('no')));
    const handshaking = handshake();
    handshaking.catch(() => {});
    await peer.expectNothing();

    peer.write(OPEN);

    expect((await refusalTo(peer)).text).toBe('peer refused: no');
    await expect(handshaking).rejects.toThrow(PeerRefusedError);
  });

  it('holds little of a candidate that goes on sending, on any number of streams', async () => {
    const { peer, near, handshake } = await startCandidate(refuseWith(new PeerRefusedError('no')));
    const handshaking = handshake().catch((error: unknown) => error);
    const before = await memoryUsed();

    peer.write(OPEN);
    for (let i = 0; i < 64; i += 1) {
      peer.write(D(0, 1, Buffer.alloc(64 * KIB)), W(SYN, 3 + 2 * i, 0));
    }
    expect(await soon(handshaking)).toBeInstanceOf(PeerRefusedError);
    await vi.waitFor(() => expect(near.closed).toBe(true), 5000);

    expect(near.bytesRead).toBeGreaterThan(256 * KIB);
    expect((await memoryUsed()) - before).toBeLessThan(1024 * KIB);
  });

  it('is over when the candidate leaves instead of reading it', async () => {
    const { peer, handshake } = await startCandidate(refuseWith(new PeerRefusedError('no')));
    const handshaking = handshake();

    peer.reset();

    await expect(soon(handshaking)).rejects.toThrow();
  });
});

/** The bytes that were read from `socket` when it takes no more. */
async function bytesWhenStalled(socket: Socket): Promise<number> {
  for (let last = -1; ;) {
    const { bytesRead } = socket;
    if (bytesRead === last && bytesRead > 0) return bytesRead;
    last = bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('an answer of authorizePeer that says nothing of a peer', () => {
  it.each([false, true, null, 'agent-7', { nam: 'agent-7' }, { name: 7 }])(
    'refuses the peer: %o',
    async (answer) => {
      const { peer, registry, handshake } = await startCandidate((() => answer) as AuthorizePeer);
      const handshaking = handshake();
      const refused = expect(soon(handshaking)).rejects.toMatchObject({
        reason: 'ERR_BACKCHANNEL_PEER_REFUSED',
        cause: { code: 'ERR_BACKCHANNEL_OPTION' },
      });

      peer.write(OPEN);

      expect((await refusalTo(peer)).text).toBe('peer refused: not authorized');
      await refused;
      expect(registry.size).toBe(0);
    },
  );
});
