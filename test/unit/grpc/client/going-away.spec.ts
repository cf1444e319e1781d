import { connectivityState, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode, type Http2Stream } from '../../../../lib/http2/index.js';
import { answer, RESPONSE, take, takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site, type Http2Port } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { frame, number32, TYPE } from '../../../fixtures/http2/raw-client.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const KiB = 1024;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('a connection that goes away', () => {
  it('finishes the calls that run on it, while new ones have another', async () => {
    const running: Http2Stream[] = [];
    const port = await site.http2((connection) => ({
      onRequest(stream) {
        if (connection > 0) return takeAndAnswer(stream);
        running.push(stream);
        take(stream);
      },
    }));
    const channel = site.channel(port.address);
    const old = new RawCall(channel);
    await eventually(() => running.length).toBe(1);
    port.connections[0]!.goAway();
    await stateIs(channel, connectivityState.IDLE);

    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(port.sockets).toHaveLength(2);
    expect(old.log).toEqual([]);
    answer(running[0]!);
    expect(await old.ended).toBe(status.OK);
    await eventually(() => port.sockets[0]!.closed).toBe(true);
    expect(port.sockets[1]!.closed).toBe(false);
  });

  it('has said why, until there is another one', async () => {
    const port = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = site.channel(port.address);
    await new RawCall(channel).ended;
    expect(channel.lastGoAway).toBeUndefined();

    port.sockets[0]!.write(goAway(2 ** 31 - 1, ErrorCode.NoError, 'max_age'));
    await stateIs(channel, connectivityState.IDLE);

    expect(channel.lastGoAway).toEqual({ code: ErrorCode.NoError, message: 'max_age' });
    await new RawCall(channel).ended;
    expect(channel.lastGoAway).toBeUndefined();
  });

  it('loses no call that it did not take: it begins on another, with its messages', async () => {
    const bodies: Buffer[] = [];
    const port = await site.http2((connection) => ({
      onRequest(stream) {
        take(stream, {
          onData: (chunk, start, end) =>
            connection > 0 && bodies.push(Buffer.from(chunk.subarray(start, end))),
          onEnd: () => connection > 0 && answer(stream),
        });
        if (connection === 0) port.sockets[0]!.write(noneTaken);
      },
    }));
    const messages = [Buffer.from('one'), Buffer.from('two')];
    const call = new RawCall(site.channel(port.address), { messages });
    expect(await call.ended).toBe(status.OK);
    expect(Buffer.concat(bodies)).toEqual(
      Buffer.concat(messages.map((message) => framed(message))),
    );
  });
});

describe('a call that is refused', () => {
  interface Refusing {
    port: Http2Port;
    bodies: Buffer[][];
  }

  /** Refuses the first so many requests, once all of each has come. */
  async function refusing(count: number, before: (stream: Http2Stream) => void = () => {}) {
    const bodies: Buffer[][] = [];
    const port = await site.http2(() => ({
      onRequest(stream) {
        const body: Buffer[] = [];
        bodies.push(body);
        take(stream, {
          onData(chunk, start, end) {
            const piece = chunk.subarray(start, end);
            body.push(Buffer.from(piece));
            stream.consume(piece.length);
          },
          onEnd() {
            if (bodies.length > count) return answer(stream);
            before(stream);
            setImmediate(() => stream.reset(ErrorCode.RefusedStream));
          },
        });
      },
    }));
    return { port, bodies } satisfies Refusing;
  }

  it('is made once more, with its messages, and nobody sees it', async () => {
    const { port, bodies } = await refusing(1);
    const messages = [Buffer.from('one'), Buffer.alloc(100 * KiB, 2)];
    const call = new RawCall(site.channel(port.address), { messages });
    expect(await call.ended).toBe(status.OK);
    expect(call.log).toEqual([`status ${status.OK}`]);
    const body = Buffer.concat(messages.map((message) => framed(message)));
    expect(bodies.map((pieces) => Buffer.concat(pieces).equals(body))).toEqual([true, true]);
  });

  it('is not made a third time', async () => {
    const { port, bodies } = await refusing(9);
    const call = new RawCall(site.channel(port.address));
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Stream refused by server');
    expect(bodies).toHaveLength(2);
  });

  it('is not made again when a response has begun', async () => {
    const { port, bodies } = await refusing(9, (stream) => stream.sendHeaders(RESPONSE));
    const call = new RawCall(site.channel(port.address));
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(bodies).toHaveLength(1);
  });

  it('is not made again when it has sent more than is kept', async () => {
    const { port, bodies } = await refusing(9);
    const messages = [Buffer.alloc(256 * KiB), Buffer.alloc(1)];
    const call = new RawCall(site.channel(port.address), { messages });
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(bodies).toHaveLength(1);
  });

  it('goes on with messages that are sent only then', async () => {
    const bodies: Buffer[][] = [];
    const port = await site.http2(() => ({
      onRequest(stream) {
        const body: Buffer[] = [];
        const isFirst = bodies.push(body) === 1;
        take(stream, {
          onData: (chunk, start, end) => {
            const piece = chunk.subarray(start, end);
            body.push(Buffer.from(piece));
            if (isFirst) stream.reset(ErrorCode.RefusedStream);
          },
          onEnd: () => answer(stream),
        });
      },
    }));
    const call = new RawCall(site.channel(port.address), {
      messages: [Buffer.from('one')],
      ends: false,
    });
    await eventually(() => bodies.length).toBe(2);
    call.call.sendMessageWithContext({}, Buffer.from('two'));
    call.call.halfClose();
    expect(await call.ended).toBe(status.OK);
    const sent = ['one', 'two'].map((text) => framed(Buffer.from(text)));
    expect(Buffer.concat(bodies[1]!)).toEqual(Buffer.concat(sent));
  });

  it('is not made again when it was cancelled meanwhile', async () => {
    const { port, bodies } = await refusing(1, () => call.call.cancelWithStatus(1, 'no need'));
    const call = new RawCall(site.channel(port.address));
    expect(await call.ended).toBe(status.CANCELLED);
    expect(await new RawCall(site.channel(port.address)).ended).toBe(status.OK);
    expect(bodies).toHaveLength(2);
  });
});

function goAway(lastStreamId: number, code: ErrorCode, message = ''): Buffer {
  const payload = [number32(lastStreamId), number32(code), Buffer.from(message)];
  return frame(TYPE.goAway, 0, 0, Buffer.concat(payload));
}

/** GOAWAY that says that no stream at all was taken. */
const noneTaken = goAway(0, ErrorCode.NoError);
