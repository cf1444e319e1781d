import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ListenMux, MAGIC_LENGTH, type Handshaker } from '../../../lib/listenmux/index.js';
import { Random } from '../../unit/http2/hpack/random.js';
import { PushedSocket } from './pushed-socket.js';

const MAGICS = ['backchannel', 'backchannex', 'back1234567', 'testmagic11'];
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const OTHERS = [
  Buffer.from(PREFACE),
  Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  Buffer.from('16030100c8010000c4030300112233445566', 'hex'),
  Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
];

/** What a handshaker does with a connection. */
type Conduct = 'serve' | 'keep' | 'reject' | 'throw';

/** How a connection ends behind its last byte; `stay`: not at all. */
type End = 'end' | 'destroy' | 'fail' | 'stay';

/** What became of a connection. */
interface Outcome {
  /** Who got it: a magic, or nobody but who serves plain connections. */
  owner: string | undefined;
  received: Buffer[];
  served: number;
  refused: number;
}

/**
 * One connection whose first bytes are more or less those of a magic, cut anywhere: it must get to who
 * is registered for them, or on as a plain one, with every byte behind, unchanged and in order.
 */
export async function fuzzFirstBytes(seed: number): Promise<void> {
  const random = new Random(seed);
  const magics = MAGICS.slice(0, 1 + random.below(MAGICS.length));
  const bytes = Buffer.concat([firstBytes(random), random.bytes(random.length(2000))]);
  const conduct = random.pick<Conduct>(['serve', 'serve', 'keep', 'reject', 'throw']);
  const end = random.pick<End>(['end', 'end', 'destroy', 'fail', 'stay']);
  const isPlainRefused = random.chance(0.1);

  const outcome: Outcome = { owner: undefined, received: [], served: 0, refused: 0 };
  const mux = new ListenMux<string>({
    onConnection({ stream, context }) {
      if (isPlainRefused) throw new Error('not here');
      outcome.served += 1;
      outcome.owner ??= context ?? 'plain';
      read(stream, outcome);
    },
    onHandshakeError: () => void (outcome.refused += 1),
  });
  for (const magic of magics) mux.register(handshaker(magic, conduct, outcome));

  const socket = new PushedSocket();
  mux.handle(socket);
  await deliver(random, socket, bytes);
  if (end === 'end') socket.push(null);
  if (end === 'destroy') socket.destroy();
  if (end === 'fail') socket.destroy(new Error('ECONNRESET'));
  for (let turn = 0; turn < 5; turn++) await nextTurn();

  const expected = { ...expectedOf(magics, bytes, end), conduct, isPlainRefused };
  check(expected, end, outcome, bytes, mux.pendingCount);
  socket.destroy();
  await nextTurn();
  if (mux.pendingCount > 0) throw new Error('it waits for a connection that is closed');
}

function firstBytes(random: Random): Buffer {
  const magic = Buffer.from(random.pick(MAGICS));
  const kind = random.below(10);
  if (kind < 4) return magic;
  if (kind < 6) return magic.subarray(0, random.below(MAGIC_LENGTH));
  if (kind < 8) return Buffer.from(random.pick(OTHERS));
  if (kind === 8) return random.bytes(random.below(30));
  magic[random.below(MAGIC_LENGTH)]! ^= 1 << random.below(8);
  return magic;
}

function handshaker(magic: string, conduct: Conduct, outcome: Outcome): Handshaker<string> {
  return {
    magic,
    handshake(socket) {
      outcome.owner = magic;
      if (conduct === 'throw') throw new Error('thrown');
      if (conduct === 'reject') return Promise.reject(new Error('refused'));
      if (conduct === 'serve') return Promise.resolve({ stream: socket, context: magic });
      read(socket, outcome);
      return Promise.resolve(undefined);
    },
  };
}

function read(stream: Duplex, { received }: Outcome): void {
  stream.on('data', (chunk: Buffer) => received.push(chunk));
}

/** In pieces, of which some come together, and some in later turns. */
async function deliver(random: Random, socket: Duplex, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed;) {
    const end = random.chance(0.3) ? bytes.length : at + 1 + random.below(15);
    socket.push(bytes.subarray(at, end));
    at = end;
    if (random.chance(0.5)) await nextTurn();
  }
}

/** Who is to get the connection, and what of it; nobody, if it cannot be told yet. */
function expectedOf(
  magics: readonly string[],
  bytes: Buffer,
  end: End,
): { owner: string | undefined; rest: Buffer } {
  const start = bytes.toString('latin1', 0, MAGIC_LENGTH);
  const magic = magics.find((candidate) => candidate === start);
  if (magic !== undefined) return { owner: magic, rest: bytes.subarray(MAGIC_LENGTH) };
  const isOpen = magics.some((candidate) => candidate.startsWith(start));
  return { owner: isOpen && end !== 'end' ? undefined : 'plain', rest: bytes };
}

function check(
  {
    owner,
    rest,
    conduct,
    isPlainRefused,
  }: ReturnType<typeof expectedOf> & {
    conduct: Conduct;
    isPlainRefused: boolean;
  },
  end: End,
  outcome: Outcome,
  bytes: Buffer,
  pending: number,
): void {
  const received = Buffer.concat(outcome.received);
  const fail = (what: string): never => {
    throw new Error(`${what}: ${bytes.toString('latin1', 0, 40)} ${JSON.stringify(outcome)}`);
  };
  if (outcome.served + outcome.refused > 1) fail('it was settled more than once');
  if (!rest.subarray(0, received.length).equals(received)) fail('bytes were changed');
  // Whatever was under way when it broke may be lost.
  if (end === 'destroy' || end === 'fail') return;
  const isRefused =
    owner !== undefined &&
    (owner === 'plain'
      ? isPlainRefused
      : conduct === 'reject' || conduct === 'throw' || (conduct === 'serve' && isPlainRefused));
  if (outcome.refused !== (isRefused ? 1 : 0)) fail(`it was refused ${outcome.refused} times`);
  if (isRefused) return;
  if (outcome.owner !== owner) fail(`it was for ${owner}`);
  if (owner !== undefined && received.length !== rest.length) fail('bytes are missing');
  if (owner === undefined && pending !== 1) fail('it was let go too early');
}
