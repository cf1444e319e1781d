import { gzipSync } from 'node:zlib';
import { Client, credentials, status, type ClientReadableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_ROOM } from '../../../../lib/grpc/built-in/message-limits.js';
import { measuringTransformer } from '../../../../lib/grpc/index.js';
import { answer, RESPONSE, take } from '../../../fixtures/grpc/answers.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

/** Messages that grpc-js' stubs read ahead. */
const READ_AHEAD = 16;

type Message = Buffer | object[];

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

type Call = ClientReadableStream<Message>;

/** A call whose responses are `messages`, and what makes more, on a connection that may hold so many megabytes. */
async function served(
  messages: readonly Buffer[],
  megabytes = 1,
  deserialize: (bytes: Buffer) => Message = (bytes) => bytes,
): Promise<{ call: Call; make: () => Call }> {
  const { address } = await site.http2(() => ({
    onRequest: (stream) => {
      take(stream);
      stream.sendHeaders([...RESPONSE, 'grpc-encoding', 'gzip']);
      for (const message of messages) stream.write([message], message.length);
      stream.sendHeaders(['grpc-status', '0'], true);
    },
  }));
  const client = new Client('unused', credentials.createInsecure(), {
    channelOverride: site.channel(address, { 'grpc-node.max_session_memory': megabytes }),
    callInvocationTransformer: measuringTransformer(),
  });
  const serialize = (value: Buffer): Buffer => value;
  const make = (): Call =>
    client.makeServerStreamRequest('/a.B/c', serialize, deserialize, Buffer.alloc(0));
  return { call: make(), make };
}

function times(count: number, message: Buffer): Buffer[] {
  return Array.from({ length: count }, () => message);
}

/** What nobody takes out of the stub yet: it is told once it stays as it is. */
async function waiting(call: Call): Promise<number> {
  call.pause();
  call.on('readable', () => {});
  let before = -1;
  await eventually(() => {
    const isSettled = before > 0 && before === call.readableLength;
    before = call.readableLength;
    return isSettled;
  }).toBe(true);
  return call.readableLength;
}

describe('a stub whose user takes no messages', () => {
  it('reads as far ahead as grpc-js does while memory is plentiful', async () => {
    const { call } = await served(times(40, framed(Buffer.alloc(300))));
    expect(await waiting(call)).toBe(READ_AHEAD);
  });

  it('reads less far ahead, and loses nothing, when that would take more than half of it', async () => {
    const { call } = await served(times(40, framed(Buffer.alloc(200_000, 'text'))));
    expect(await waiting(call)).toBeLessThan(READ_AHEAD / 2);
    let received = 0;
    for await (const message of call) received += (message as Buffer).length;
    expect(received).toBe(40 * 200_000);
  });

  it('keeps no other call of its connection from its messages', async () => {
    const { call, make } = await served(times(40, framed(Buffer.alloc(200_000, 'text'))), 4);
    call.on('error', () => {});
    await waiting(call);
    const other = make();
    let received = 0;
    for await (const message of other) received += (message as Buffer).length;
    expect(received).toBe(40 * 200_000);
    expect(call.readableLength).toBeGreaterThan(0);
  });
});

describe('a response', () => {
  /** As of `repeated int64`: an object for each byte. */
  const toObjects = (bytes: Buffer): object[] => Array.from(bytes, (low) => ({ low, high: 0 }));

  it.each([
    ['compressed', framed(gzipSync(Buffer.alloc(100_000, 'a')), true)],
    ['not compressed', framed(Buffer.alloc(100_000, 'a'))],
  ])('that is %s counts as what its stub has made of it', async (_, packed) => {
    const { call } = await served([packed], 1, toObjects);
    call.resume();
    const failure = await new Promise((resolve) => call.on('error', resolve));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: NO_ROOM });
  });

  it('that its stub makes little of counts little', async () => {
    const { call } = await served(times(20, framed(Buffer.alloc(100_000, 'a'))), 1, () => []);
    let received = 0;
    for await (const _ of call) received += 1;
    expect(received).toBe(20);
  });
});

describe('a transformer of the user', () => {
  it('runs first, and its call is the one that is made', async () => {
    const paths: string[] = [];
    const { address } = await site.http2(() => ({
      onRequest: (stream, headers) => {
        take(stream, { onEnd: () => answer(stream) });
        paths.push(headers[headers.indexOf(':path') + 1]!);
      },
    }));
    const client = new Client('unused', credentials.createInsecure(), {
      channelOverride: site.channel(address),
      callInvocationTransformer: measuringTransformer((properties) => ({
        ...properties,
        methodDefinition: { ...properties.methodDefinition, path: '/a.B/other' },
      })),
    });
    const same = (value: Buffer): Buffer => value;
    await new Promise((resolve) => {
      client.makeUnaryRequest('/a.B/c', same, same, Buffer.alloc(0), resolve);
    });
    expect(paths).toEqual(['/a.B/other']);
  });
});
