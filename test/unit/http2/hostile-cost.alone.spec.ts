import { afterEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../lib/http2/index.js';
import { SendingHalf } from '../../../lib/http2/outbound/sending-half.js';
import {
  answering,
  bytesOf,
  closing,
  credit,
  dataFrames,
  greeted,
  openRequest,
  Recorder,
  send,
  SETTING,
  settings,
  settle,
  type Setup,
  STATUS_200,
  wholeRequest,
} from '../../fixtures/http2/connections.js';
import { inserted, NEWEST } from '../../fixtures/http2/table-fields.js';
import { FLAG, frame, number32, REQUEST, TYPE } from '../../fixtures/http2/raw-client.js';

const KiB = 1024;
const MAX_WINDOW = 2 ** 31 - 1;
/** Nothing is given back by waiting: what a test sends is all that counts. */
const STRICT = { uselessFramesPerSecond: 0, resetsPerSecond: 0 };
const PING = frame(TYPE.ping, 0, 0, Buffer.alloc(8));

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const window = (bytes: number): Buffer => settings([SETTING.initialWindowSize, bytes]);

/** DATA of nothing but padding. */
const padding = (id: number): Buffer =>
  frame(TYPE.data, FLAG.padded, id, Buffer.concat([Buffer.of(99), Buffer.alloc(99)]));

/** A HEADERS frame with `block`, whole unless there is more to come on the stream. */
const headers = (id: number, block: Buffer, flags: number = FLAG.endStream): Buffer =>
  frame(TYPE.headers, FLAG.endHeaders | flags, id, block);

/** Ends the test with the code of the GOAWAY, or -1 if the connection goes on. */
async function outcome({ peer }: Setup): Promise<number> {
  const token = Buffer.from('goes on?');
  peer.write(frame(TYPE.ping, 0, 0, token));
  const { type, payload } = await peer.until(
    (f) => f.type === TYPE.goAway || (f.type === TYPE.ping && f.payload.equals(token)),
  );
  return type === TYPE.goAway ? payload.readUInt32BE(4) : -1;
}
const GOES_ON = -1;

/** Counts how often streams are looked at while `run` runs. */
async function visitsDuring(run: () => Promise<unknown>): Promise<number> {
  const { prototype } = SendingHalf;
  const names = ['sendWindow', 'sendCredit', 'sendable'] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(prototype, name)!);
  const { grant } = prototype;
  let visits = 0;
  names.forEach((name, i) => {
    const get = before[i]!.get!;
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: SendingHalf) {
        visits += 1;
        return get.call(this) as unknown;
      },
    });
  });
  prototype.grant = function count(this: SendingHalf, bytes) {
    visits += 1;
    grant.call(this, bytes);
  };
  try {
    await run();
  } finally {
    names.forEach((name, i) => Object.defineProperty(prototype, name, before[i]!));
    prototype.grant = grant;
  }
  return visits;
}

describe('a change of the initial window', () => {
  it('visits no stream that has nothing to send', async () => {
    const { peer } = await greeted({ options: { maxUselessFrames: 10_000 } });
    for (let id = 1; id < 2000; id += 2) peer.write(openRequest(id));
    await settle(peer);

    const visits = await visitsDuring(async () => {
      for (let i = 0; i < 100; i++) peer.write(window(i % 2 ? 1000 : 2000));
      await settle(peer);
    });

    expect(visits).toBe(0);
  });

  it('lets data go that waited, in every stream', async () => {
    const { peer, recorders } = await greeted({}, [SETTING.initialWindowSize, 10]);
    for (let id = 1; id < 20; id += 2) peer.write(wholeRequest(id));
    await settle(peer);
    for (const { stream } of recorders) stream!.write([Buffer.alloc(100)], 100, true);
    expect(bytesOf(await settle(peer))).toBe(100);

    peer.write(window(60));
    expect(bytesOf(await settle(peer))).toBe(500);
    peer.write(window(100));

    expect(bytesOf(await settle(peer))).toBe(400);
    expect(recorders.every(({ stream }) => stream!.closed)).toBe(true);
  });

  it('that is lowered below what was sent has to be made up for first', async () => {
    const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 100]);
    stream.write([Buffer.alloc(300)], 300, true);
    expect(bytesOf(await settle(peer))).toBe(100);

    peer.write(window(0), credit(1, 100));
    expect(bytesOf(await settle(peer))).toBe(0);
    peer.write(credit(1, 1), window(50));

    expect(bytesOf(await settle(peer))).toBe(51);
  });

  it('is heeded by data that waits for the window of the connection meanwhile', async () => {
    const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 100_000]);
    stream.write([Buffer.alloc(100_000)], 100_000, true);
    expect(bytesOf(await settle(peer))).toBe(65_535);

    peer.write(window(0), credit(0, 10));
    expect(bytesOf(await settle(peer))).toBe(0);
    peer.write(window(65_540));
    expect(bytesOf(await settle(peer))).toBe(5);
    peer.write(window(100_000), credit(0, 100_000));

    expect(bytesOf(await settle(peer))).toBe(34_460);
  });

  it('may not make any window too large (RFC 9113, 6.9.2)', async () => {
    const { peer } = await greeted();
    peer.write(openRequest(1), openRequest(3), credit(1, 1));
    await settle(peer);

    peer.write(window(MAX_WINDOW));

    expect(await peer.goAwayCode()).toBe(ErrorCode.FlowControlError);
  });

  it('may be the largest there is where credit was used up, or its stream is over', async () => {
    const { peer, recorders } = await greeted();
    peer.write(wholeRequest(1), wholeRequest(3), credit(1, 500), credit(3, 100));
    await settle(peer);
    recorders[0]!.stream!.write([Buffer.alloc(500)], 500);
    recorders[1]!.stream!.sendHeaders([':status', '200'], true);

    peer.write(window(MAX_WINDOW));

    await settle(peer);
    peer.write(credit(1, 1));
    const { payload } = await peer.until(({ type }) => type === TYPE.rstStream);
    expect(payload.readUInt32BE()).toBe(ErrorCode.FlowControlError);
  });

  async function waiting(): Promise<Setup> {
    const setup = await greeted({ options: { ...STRICT, maxUselessFrames: 200 } }, [
      SETTING.initialWindowSize,
      0,
    ]);
    const { peer, recorders } = setup;
    for (let id = 1; id < 2000; id += 2) peer.write(wholeRequest(id));
    await settle(peer);
    for (const { stream } of recorders) stream!.write([Buffer.alloc(1000)], 1000);
    return setup;
  }

  it('costs as much as the streams that it wakes', async () => {
    const setup = await waiting();
    // 40 frames by themselves, but 20 of them visit 1000 streams each.
    for (let i = 0; i < 20; i++) setup.peer.write(window(1), window(0));
    expect(await outcome(setup)).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('costs as much as the frames of a byte that it brings about', async () => {
    const setup = await waiting();
    setup.peer.write(window(1));
    // All of them leave together.
    await setup.peer.until(({ type }) => type === TYPE.data);
    expect(await outcome(setup)).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('what pays for frames that are of no use', () => {
  const options = { ...STRICT, maxUselessFrames: 50 };

  /** Sends `useless` again and again with what is to pay for it. */
  async function afterMany(useless: (i: number) => Buffer, pays: Buffer): Promise<number> {
    const setup = await greeted({ options });
    setup.peer.write(openRequest(1));
    for (let i = 0; i < 200; i++) setup.peer.write(pays, useless(i));
    return outcome(setup);
  }

  it.each<[what: string, make: (i: number) => Buffer]>([
    ['pings', () => PING],
    ['settings', (i) => window(65_535 + (i % 2))],
    ['PRIORITY', () => frame(TYPE.priority, 0, 1, Buffer.alloc(5))],
  ])('is a KiB of data for each: %s', async (_what, make) => {
    expect(await afterMany(make, dataFrames(1, KiB))).toBe(GOES_ON);
  });

  it.each<[what: string, pays: Buffer]>([
    ['padding', padding(1)],
    ['a byte of data', dataFrames(1, 1)],
    ['a byte of data with padding', frame(TYPE.data, FLAG.padded, 1, Buffer.alloc(200, 198))],
    ['nothing', Buffer.alloc(0)],
  ])('is not %s', async (_what, pays) => {
    expect(await afterMany(() => PING, pays)).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('is not padding for itself either', async () => {
    expect(await afterMany(() => Buffer.alloc(0), padding(1))).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('a peer that says GOAWAY again and again', () => {
  const goAway = (last: number): Buffer =>
    frame(TYPE.goAway, 0, 0, Buffer.concat([number32(last), number32(0)]));

  it('pays for the streams that each of them may end', async () => {
    const setup = await greeted({ role: 'client', options: { ...STRICT, maxUselessFrames: 100 } });
    for (let i = 0; i < 800; i++) send(setup.connection, false);

    // 20 frames by themselves, but each is looked for in 800 streams.
    for (let last = 1599; last > 1559; last -= 2) setup.peer.write(goAway(last));

    expect(await outcome(setup)).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('has streams visited only when it names a lower number', async () => {
    const { peer, connection } = await greeted({ role: 'client' });
    const recorders = Array.from({ length: 10 }, () => send(connection, false));
    const ended = (): number => recorders.filter(({ errors }) => errors.length > 0).length;

    peer.write(goAway(MAX_WINDOW), goAway(11), goAway(15), goAway(11));
    await settle(peer);
    expect(ended()).toBe(4);
    peer.write(goAway(9));
    await settle(peer);

    expect(ended()).toBe(5);
  });
});

describe('headers on streams that a client has given up', () => {
  const TRAILERS = Buffer.from('0001780179', 'hex');

  async function cancelled(calls: number, blocks: (id: number) => Buffer): Promise<number> {
    const setup = await greeted({ role: 'client', options: { ...STRICT, maxUselessFrames: 50 } });
    const recorders = Array.from({ length: calls }, () => send(setup.connection, false));
    for (const { stream } of recorders) stream!.reset(ErrorCode.Cancel);
    for (const { stream } of recorders) setup.peer.write(blocks(stream!.id));
    return outcome(setup);
  }

  it('cost nothing while they may have been on their way', async () => {
    const both = (id: number): Buffer =>
      Buffer.concat([headers(id, STATUS_200, 0), headers(id, TRAILERS)]);
    expect(await cancelled(500, both)).toBe(GOES_ON);
  });

  it('are cut off when they have no end', async () => {
    const many = (id: number): Buffer =>
      Buffer.concat(Array.from({ length: 100 }, () => headers(id, STATUS_200, 0)));
    expect(await cancelled(1, many)).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('headers that are refused', () => {
  it('cost what it took to read them', async () => {
    const setup = await greeted({ options: { ...STRICT, maxUselessFrames: 50 } });
    const bomb = Buffer.concat([REQUEST, inserted('x', 'y'), Buffer.alloc(10_000, NEWEST)]);
    for (let id = 1; id < 20; id += 2) setup.peer.write(headers(id, bomb));
    expect(await outcome(setup)).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('a request that is refused for a fault of the peer', () => {
  const options = { ...STRICT, maxResets: 20 };

  async function refused(requests: number, refuses: (i: number) => boolean): Promise<number> {
    const setup = await greeted({ options });
    const { peer, recorders } = setup;
    for (let i = 0; i < requests; i++) peer.write(wholeRequest(2 * i + 1));
    await settle(peer);
    recorders.forEach(({ stream }, i) => {
      if (refuses(i)) stream!.chargeRefusal();
      stream!.sendHeaders([':status', '200'], true);
    });
    return outcome(setup);
  }

  it('counts as a stream that was given up, though it ends in order', async () => {
    expect(await refused(20, () => true)).toBe(GOES_ON);
    expect(await refused(21, () => true)).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('is paid for by those that are served', async () => {
    expect(await refused(200, (i) => i % 2 === 1)).toBe(GOES_ON);
  });

  it('counts once, and never for a stream of this side', async () => {
    const { peer, connection } = await greeted({ role: 'client', options });
    const recorder = send(connection);
    for (let i = 0; i < 100; i++) recorder.stream!.chargeRefusal();
    await settle(peer);
    expect(recorder.errors).toEqual([]);
  });
});

describe('errors that a peer can cause again and again', () => {
  it.each<[what: string, cause: Buffer]>([
    ['a reset', frame(TYPE.rstStream, 0, 1, number32(8))],
    ['a violation', credit(1, 0)],
    ['a violation of the connection', frame(TYPE.continuation, 0, 1)],
  ])('have no stack: %s', async (_what, cause) => {
    const { peer, recorders } = await greeted();
    peer.write(openRequest(1));
    await settle(peer);
    peer.write(cause);
    const error = await recorders[0]!.closed;
    expect(error?.stack?.split('\n')).toEqual([`Http2Error: ${error?.message}`]);
  });

  it('have none at a client either, when the peer takes no streams', async () => {
    const { peer, connection } = await greeted({ role: 'client' });
    const recorder = send(connection, false, new Recorder());
    peer.write(frame(TYPE.goAway, 0, 0, Buffer.alloc(8)));
    const error = await recorder.closed;
    expect(error?.stack).not.toContain('\n');
  });
});
