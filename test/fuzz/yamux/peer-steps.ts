import { ACK, D as data, FIN, header, RST, SYN, W as update } from '../../fixtures/yamux-frames.js';
import { payloadOf } from './payload.js';
import { INITIAL_WINDOW, PeerStream } from './peer-stream.js';
import type { Step } from './script.js';
import type { SessionFuzz } from './session-fuzz.js';

const MAX_UINT32 = 0xffff_ffff;
/** Credit that SYN and ACK come with. */
const DELTAS = [0, 0, 1, 70_000, 16_515_072, MAX_UINT32 - INITIAL_WINDOW];
/** Bits that mean nothing. */
const NO_FLAGS = [0, 0, 0, 0x10, 0x8000, 0xfff0];
const TIMES_MS = [1, 100, 1000, 10_001, 31_000, 76_000, 301_000];

/** The peer, or the connection, does what `step` says. */
export async function peerStep(fuzz: SessionFuzz, [what, a, b]: Step): Promise<void> {
  if (what < 6) return open(fuzz, a, b);
  if (what < 28) {
    for (let count = a % 5; count >= 0; count--) sendData(fuzz, a + 7 * count, b + 5 * count);
    return;
  }
  if (what < 33) return credit(fuzz, a, b);
  if (what < 35) return end(fuzz, a);
  if (what === 35) return reset(fuzz, a, b);
  if (what < 39) return acknowledge(fuzz, a, b);
  if (what < 42) return ping(fuzz, a, b);
  if (what < 45) return useless(fuzz, a, b);
  if (what === 45) return b % 4 === 0 ? openAgain(fuzz, a) : undefined;
  if (what === 46) return b % 30 === 0 ? violate(fuzz, a, b) : undefined;
  if (what === 47) return b % 2 === 0 ? provoke(fuzz, a, b) : undefined;
  if (what === 48) return b % 30 === 0 ? fuzz.send(header(3, a & 15, a, 0)) : undefined;
  if (what === 49) return void (b % 4 === 0 && (fuzz.socket.stalled = true));
  if (what < 52) return fuzz.socket.resumeWrites();
  if (what === 52) return b % 4 === 0 ? fuzz.pass(TIMES_MS[a % TIMES_MS.length]!) : undefined;
  if (what < 60) fuzz.deliver(1 + (a % 5), 1 + (b % 3 === 0 ? b % 40 : 20 * b));
  return fuzz.turn();
}

function pick(streams: readonly PeerStream[], number: number): PeerStream | undefined {
  return streams[number % (streams.length || 1)];
}

function open(fuzz: SessionFuzz, a: number, b: number): void {
  const id = fuzz.nextInboundId;
  fuzz.nextInboundId += 2 * (1 + (b % 17 === 0 ? 1 : 0));
  const stream = new PeerStream(id, true);
  fuzz.model.streams.set(id, stream);
  const flags = SYN | NO_FLAGS[b % 6]! | (b % 40 === 0 ? ACK : 0);
  if (a % 3 === 0) {
    const delta = DELTAS[b % 6]!;
    stream.credit += delta;
    return fuzz.send(update(flags, id, delta));
  }
  send(fuzz, stream, a % 3 === 1 ? a % 200 : 2 * a, flags, a % 7 === 0);
}

function sendData(fuzz: SessionFuzz, a: number, b: number): void {
  const stream = pick(
    fuzz.model.some(({ isOpen }) => isOpen),
    a,
  );
  if (stream === undefined) return;
  const room = stream.granted - stream.sent;
  const length = b % 32 === 0 ? Math.min(room, 4 * b) : Math.min(room, b % 120);
  send(fuzz, stream, length, NO_FLAGS[b % 6]!, a % 23 === 0);
}

function send(
  f: SessionFuzz,
  stream: PeerStream,
  length: number,
  flags: number,
  ends: boolean,
): void {
  f.send(data(flags | (ends ? FIN : 0), stream.id, payloadOf(2 * stream.id, stream.sent, length)));
  stream.sent += length;
  f.model.unacknowledged.delete(stream.id);
  if (ends) finish(stream);
}

function finish(stream: PeerStream): void {
  stream.hasEnded = true;
  stream.sentBeforeEnd = stream.sent;
}

function credit(fuzz: SessionFuzz, a: number, b: number): void {
  const stream = pick(
    fuzz.model.some(({ isKnown }) => isKnown),
    a,
  );
  if (stream === undefined) return;
  const most = MAX_UINT32 - (stream.credit - stream.received);
  const delta = Math.min(most, [b % 100, b, 20 * b, 2 ** 16 * b][b % 4]!);
  stream.credit += delta;
  fuzz.model.unacknowledged.delete(stream.id);
  const ends = a % 31 === 0 && stream.isOpen;
  fuzz.send(update(NO_FLAGS[a % 6]! | (ends ? FIN : 0), stream.id, delta));
  if (ends) finish(stream);
}

function end(fuzz: SessionFuzz, a: number): void {
  const stream = pick(
    fuzz.model.some(({ isOpen }) => isOpen),
    a,
  );
  if (stream === undefined) return;
  fuzz.model.unacknowledged.delete(stream.id);
  fuzz.send(update(FIN, stream.id, 0));
  finish(stream);
}

function reset(fuzz: SessionFuzz, a: number, b: number): void {
  const stream = pick(
    fuzz.model.some(({ isKnown }) => isKnown),
    a,
  );
  if (stream === undefined) return;
  const room = stream.isOpen ? stream.granted - stream.sent : 0;
  const payload = payloadOf(2 * stream.id, stream.sent, b % 3 === 0 ? Math.min(room, b % 500) : 0);
  const flags = RST | (b % 5 === 0 ? FIN : 0);
  fuzz.send(payload.length > 0 ? data(flags, stream.id, payload) : update(flags, stream.id, b % 9));
  fuzz.model.unacknowledged.delete(stream.id);
  stream.hasReset = true;
}

function acknowledge(fuzz: SessionFuzz, a: number, b: number): void {
  const isDue = (stream: PeerStream): boolean =>
    !stream.isInbound && !stream.isAcknowledged && fuzz.model.unacknowledged.has(stream.id);
  const stream = pick(fuzz.model.some(isDue), a);
  if (stream === undefined) return;
  stream.isAcknowledged = true;
  fuzz.model.unacknowledged.delete(stream.id);
  if (a % 3 === 0 && stream.isOpen) return send(fuzz, stream, b % 100, ACK, b % 11 === 0);
  const delta = DELTAS[b % 5]!;
  stream.credit += delta;
  fuzz.send(update(ACK, stream.id, delta));
}

function ping(fuzz: SessionFuzz, a: number, b: number): void {
  const { pings, asked } = fuzz.model;
  if (a % 3 > 0 || asked.length === 0) {
    pings.push(65_536 * a + b);
    return fuzz.send(header(2, SYN | (a & 14), b % 9, 65_536 * a + b));
  }
  const value = b % 5 === 0 ? b : asked.splice(b % asked.length, 1)[0]!;
  fuzz.send(header(2, b & 14, a % 9, value));
}

/** Frames that the session must not mind, or not more than resetting a stream. */
function useless(fuzz: SessionFuzz, a: number, b: number): void {
  const dead = pick(
    fuzz.model.some(({ isKnown }) => !isKnown),
    a,
  )?.id;
  const id = b % 2 === 0 && dead !== undefined ? dead : 0x7fff_0000 + a;
  const frames = [
    update(0, id, 65_536 * b),
    update(FIN, id, 0),
    update(RST, id, b),
    update(ACK, id, b),
    data(0, id, payloadOf(0, a, b % 3000)),
    data(FIN | RST | ACK, id, payloadOf(0, a, b % 30)),
    header(2, b & 14, 0, 0x8000_0000 + a),
  ];
  const stream = pick(
    fuzz.model.some(({ isOpen }) => isOpen),
    a,
  );
  if (stream !== undefined && b % 4 === 0) {
    fuzz.model.unacknowledged.delete(stream.id);
    frames.splice(
      0,
      frames.length,
      data(0, stream.id, payloadOf(0, 0, 0)),
      update(ACK, stream.id, 0),
    );
  }
  fuzz.send(frames[a % frames.length]!);
}

/** A number comes again after its stream has ended on both sides. */
async function openAgain(fuzz: SessionFuzz, a: number): Promise<void> {
  if (!(await fuzz.settle())) return;
  const old = pick(
    fuzz.model.some(({ isKnown, isInbound }) => isInbound && !isKnown),
    a,
  );
  if (old === undefined) return;
  fuzz.model.streams.set(old.id, new PeerStream(old.id, true));
  fuzz.send(update(SYN, old.id, 0));
}

/** What ends the session. */
export async function violate(fuzz: SessionFuzz, a: number, b: number): Promise<void> {
  if (!(await fuzz.settle())) return;
  const fresh = fuzz.nextInboundId;
  const protocol = [
    header(256 * (1 + (b % 255)), 0, 1, 0),
    header(4 + (b % 252), 0, 1, 0),
    header(b % 2, a & 15, 0, b),
    update(SYN | (b & 14), fresh + 1, 0),
  ];
  const flow = [
    header(0, SYN, fresh, INITIAL_WINDOW + 1 + b),
    update(SYN, fresh, MAX_UINT32 - INITIAL_WINDOW + 1 + b),
  ];
  const stream = pick(
    fuzz.model.some(({ isKnown }) => isKnown),
    a,
  );
  if (stream !== undefined) {
    const { id } = stream;
    if (stream.isInbound) protocol.push(update(SYN, id, 0), header(0, SYN, id, b % 100));
    const room = stream.granted - stream.sent;
    flow.push(
      header(0, b & 14, id, room + 1 + (b % 3 === 0 ? 0 : b)),
      header(0, 0, id, MAX_UINT32),
    );
    const most = MAX_UINT32 - (stream.credit - stream.received);
    if (most < MAX_UINT32) flow.push(update(b & 6, id, most + 1));
  }
  if (a % 9 === 0) {
    return fuzz.violate(
      header(3, a & 15, b, 1 + 65_536 * (b % 3) + (b % 3)),
      'ERR_YAMUX_REMOTE_ERROR',
    );
  }
  if (a % 2 === 0) return fuzz.violate(protocol[b % protocol.length]!, 'ERR_YAMUX_PROTOCOL');
  return fuzz.violate(flow[b % flow.length]!, 'ERR_YAMUX_FLOW_CONTROL');
}

/** What resets a stream, and nothing else: a second end, and data behind the end. */
async function provoke(fuzz: SessionFuzz, a: number, b: number): Promise<void> {
  if (!(await fuzz.settle())) return;
  const stream = pick(
    fuzz.model.some(({ isKnown, hasEnded }) => isKnown && hasEnded),
    a,
  );
  if (stream === undefined) return;
  const room = Math.min(stream.granted - stream.sent, 1 + (b % 100));
  const isData = room > 0 && b % 3 > 0;
  const more = data(b % 3 === 1 ? FIN : 0, stream.id, payloadOf(0, 0, isData ? room : 0));
  fuzz.send(isData ? more : update(FIN, stream.id, 0));
  await fuzz.settle();
  if (!fuzz.isOver && stream.itsEnd !== 'rst') throw new Error(`stream ${stream.id} was not reset`);
}
