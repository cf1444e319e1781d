import { setImmediate as nextTurn } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, AnySchema } from '@bufbuild/protobuf/wkt';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Code, ConnectError } from '@connectrpc/connect';
import { Metadata, status, type ServerWritableStream, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import { directions } from '../../fixtures/nest/pair.js';
import { collected, signal, texts } from '../../fixtures/connect/streams.js';
import { WordsSchema } from '../../fixtures/connect/generated/talk_pb.js';
import { startTalk, type Words } from '../../fixtures/connect/talk.js';

/** A status as a handler gives it, whose details have one message. */
function failure(code: status, details: string, metadata = new Metadata()): Partial<ServiceError> {
  return { code, details, metadata };
}

/** A `google.rpc.Status` with one detail, encoded by hand as other languages encode it. */
function richStatus(code: number, message: string, text: string): Buffer {
  const detail = anyPack(WordsSchema, create(WordsSchema, { text }));
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int32(code);
  writer.tag(2, WireType.LengthDelimited).string(message);
  writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, detail));
  return Buffer.from(writer.finish());
}

async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => Promise.reject(new Error('the call did not fail')),
    (error: ConnectError) => error,
  );
}

describe.each(directions)('a failed call of a client of Connect, %s,', (direction) => {
  it.each([
    ['unary', status.NOT_FOUND, Code.NotFound],
    ['unary', status.UNAUTHENTICATED, Code.Unauthenticated],
    ['streaming', status.ABORTED, Code.Aborted],
  ])('has code and message of the other end (%s, %i)', async (kind, code, expected) => {
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(failure(code, 'no "ü" here')),
      Listen: (call) => void call.emit('error', failure(code, 'no "ü" here')),
    });

    const error = await errorOf(kind === 'unary' ? talk.ask({}) : collected(talk.listen({})));

    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: expected, rawMessage: 'no "ü" here' });
  });

  it('has the metadata of the other end', async () => {
    const { talk } = await startTalk(direction, {
      Ask: (call, callback) => {
        const head = new Metadata();
        head.set('head', 'one');
        call.sendMetadata(head);
        const tail = new Metadata();
        tail.set('tail', 'two');
        callback(failure(status.INTERNAL, 'broken', tail));
      },
    });

    const { metadata } = await errorOf(talk.ask({}));

    expect([metadata.get('head'), metadata.get('tail')]).toEqual(['one', 'two']);
  });

  it('has the details of the other end', async () => {
    const metadata = new Metadata();
    metadata.set(
      'grpc-status-details-bin',
      richStatus(status.RESOURCE_EXHAUSTED, 'quota', 'try tomorrow'),
    );
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(failure(status.RESOURCE_EXHAUSTED, 'quota', metadata)),
    });

    const error = await errorOf(talk.ask({}));

    expect(error).toMatchObject({ code: Code.ResourceExhausted, rawMessage: 'quota' });
    expect(error.findDetails(WordsSchema).map(({ text }) => text)).toEqual(['try tomorrow']);
  });

  it('keeps code and message when the details are malformed', async () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0x1a, 0xff]));
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(failure(status.INTERNAL, 'broken', metadata)),
    });

    const error = await errorOf(talk.ask({}));

    expect(error).toMatchObject({ code: Code.Internal, rawMessage: 'broken', details: [] });
  });

  it('delivers the messages before the error', async () => {
    const { talk } = await startTalk(direction, {
      Listen: (call) => {
        call.write({ text: 'a' });
        call.write({ text: 'b' }, () => call.emit('error', failure(status.DATA_LOSS, 'torn')));
      },
    });
    const received: string[] = [];

    const error = await errorOf(
      (async () => {
        for await (const { text } of talk.listen({})) received.push(text);
      })(),
    );

    expect(error).toMatchObject({ code: Code.DataLoss, rawMessage: 'torn' });
    expect(received.slice(0, 1)).toEqual(['a']);
  });

  it('does not end the process when nobody has begun to read its response', async () => {
    const escaped = catchEscapes();
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(null, {}),
      Listen: (call) => void call.emit('error', failure(status.ABORTED, 'torn')),
    });

    const response = talk.listen({});
    talk.listen({}, { signal: AbortSignal.abort() });
    await talk.ask({});
    await nextTurn();

    expect(escaped).toEqual([]);
    expect(await errorOf(collected(response))).toMatchObject({ code: Code.Aborted });
  });

  it('has code "unimplemented" for a method that nobody serves', async () => {
    const { talk } = await startTalk(direction, {});

    expect(await errorOf(talk.ask({}))).toMatchObject({ code: Code.Unimplemented });
  });

  it('has code "unavailable" when the connection ends', async () => {
    const [isRunning, begin] = signal();
    const { talk, cut } = await startTalk(direction, { Ask: () => begin() });
    const call = errorOf(talk.ask({}));
    await isRunning;

    cut();

    expect(await call).toMatchObject({ code: Code.Unavailable });
  });

  it('has the error of a request stream that fails, and the handler sees it cancelled', async () => {
    const [isHeard, hear] = signal();
    const [isCancelled, cancel] = signal();
    const { talk } = await startTalk(direction, {
      Tell: (call) => {
        call.on('cancelled', cancel);
        call.on('data', hear);
      },
    });
    async function* broken() {
      yield* texts('a');
      await isHeard;
      throw new Error('the disk is full');
    }

    const error = await errorOf(talk.tell(broken()));

    expect(error).toMatchObject({ code: Code.Unknown, rawMessage: 'the disk is full' });
    await isCancelled;
  });

  it.each(['unary', 'client streaming'])(
    'has code "unimplemented" when the response of a %s method has several messages',
    async (kind) => {
      const [isCancelled, cancel] = signal();
      const answerEndlessly = (call: ServerWritableStream<Words, Words>): void => {
        call.on('cancelled', cancel);
        const write = (): void => {
          while (!call.cancelled && call.write({ text: 'more' }));
        };
        call.on('drain', write);
        write();
      };
      const { talk } = await startTalk(
        direction,
        { Ask: answerEndlessly, Tell: answerEndlessly } as object,
        { allStreams: true },
      );

      const error = await errorOf(kind === 'unary' ? talk.ask({}) : talk.tell(texts('a')));

      expect(error).toMatchObject({
        code: Code.Unimplemented,
        rawMessage: expect.stringContaining('the response has several messages'),
      });
      await isCancelled;
    },
  );

  it('has code "unimplemented" when the response of a unary method is empty', async () => {
    const { talk } = await startTalk(
      direction,
      { Ask: (call: ServerWritableStream<Words, Words>) => call.end() } as object,
      { allStreams: true },
    );

    expect(await errorOf(talk.ask({}))).toMatchObject({ code: Code.Unimplemented });
  });

  it.each([
    ['an array', [{ text: 'a' }], '(an array)'],
    ['nothing', undefined, 'not undefined'],
  ])(
    'has code "invalid_argument" when the request stream is %s, and does not begin',
    async (_, request, shown) => {
      const escaped = catchEscapes();
      let calls = 0;
      const { talk } = await startTalk(direction, {
        Tell: () => void (calls += 1),
        Discuss: () => void (calls += 1),
        Ask: (_call, callback) => callback(null, {}),
      });
      const given = request as unknown as AsyncIterable<{ text: string }>;

      for (const call of [talk.tell(given), collected(talk.discuss(given))]) {
        expect(await errorOf(call)).toMatchObject({
          code: Code.InvalidArgument,
          rawMessage: expect.stringContaining(shown),
        });
      }
      talk.discuss(given);
      await talk.ask({});
      await nextTurn();

      expect(calls).toBe(0);
      expect(escaped).toEqual([]);
    },
  );

  it('has code "internal" for a request that cannot be serialized', async () => {
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(null, {}),
    });

    const error = await errorOf(talk.ask({ padding: 'text' as unknown as Uint8Array }));

    expect(error).toMatchObject({
      code: Code.Internal,
      rawMessage: expect.stringContaining('cannot serialize the request'),
    });
  });

  it('has code "internal" for a response that cannot be parsed', async () => {
    const { talk } = await startTalk(
      direction,
      { Ask: (_call, callback) => callback(null, {}) },
      // The first field has 9 bytes, of which one is there.
      { responseBytes: Buffer.from([0x0a, 9, 0x61]) },
    );

    expect(await errorOf(talk.ask({}))).toMatchObject({
      code: Code.Internal,
      rawMessage: expect.stringContaining('cannot parse the response'),
    });
  });
});
