import { Metadata, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { handleAll, type AnyCall, type Ending } from '../harness/handle-all.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf, richMetadata } from '../harness/metadata-of.js';
import { scenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS, type Kind } from '../harness/test-service.js';
import { callBidi, callServerStream } from '../harness/watch.js';

/** A handler that does `act`: what is its caller told? */
function whenServed(
  name: string,
  act: (call: AnyCall, ending: Ending) => void,
  kinds: readonly Kind[] = KINDS,
  expected: Observation = {},
): Scenario[] {
  return kinds.map((kind) =>
    scenario(
      `${name}: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: handleAll(act) });
        return { told: await outcomeOf(stub, kind) };
      },
      expected,
    ),
  );
}

const RESERVED: readonly (readonly [string, string])[] = [
  ['content-type', 'application/grpc+mine'],
  ['grpc-encoding', 'gzip'],
  ['grpc-accept-encoding', 'identity'],
  ['grpc-status', '7'],
  ['grpc-message', 'mine'],
  ['grpc-foo', 'bar'],
  ['date', 'Tue, 01 Jan 2030 00:00:00 GMT'],
  ['server', 'mine'],
  ['set-cookie', 'a=1'],
];

/** Initial metadata and trailers, from handler to caller. */
export const responseMetadata: readonly Scenario[] = [
  ...whenServed(
    'initial metadata and trailers of all sorts reach the caller',
    (call, { reply }) => {
      call.sendMetadata(richMetadata('initial'));
      reply('answer', richMetadata('trailing'));
    },
    KINDS,
    {
      told: expect.arrayContaining([
        [
          'metadata',
          expect.objectContaining({
            'initial-text': ['plain text'],
            'initial-twice': ['first, second'],
            'initial-many-bin': ['hex:6f6e65', 'hex:74776f21', 'hex:7468726565'],
          }),
        ],
      ]),
    },
  ),
  ...whenServed(
    'trailers of all sorts come with an error',
    (call, { fail }) => {
      call.sendMetadata(metadataOf(['initial', 'yes']));
      fail({ code: status.ABORTED, details: 'stop', metadata: richMetadata('trailing') });
    },
    KINDS,
  ),
  ...whenServed('an error comes without initial metadata', (_call, { fail }) =>
    fail({ code: status.ABORTED, details: 'stop', metadata: metadataOf(['trailing', 'yes']) }),
  ),
  ...whenServed('only the first initial metadata is sent', (call, { reply }) => {
    call.sendMetadata(metadataOf(['initial', 'first']));
    call.sendMetadata(metadataOf(['initial', 'second']));
    reply('answer');
  }),
  ...whenServed(
    'initial metadata after the first message is not sent',
    (call, { reply }) => {
      (call as unknown as { write(message: string): void }).write('message');
      call.sendMetadata(metadataOf(['initial', 'late']));
      reply('answer');
    },
    ['serverStream', 'bidi'],
  ),
  ...whenServed('empty initial metadata is sent all the same', (call, { reply }) => {
    call.sendMetadata(new Metadata());
    reply('answer');
  }),
  ...whenServed(
    'a stream that ends without a message sends its trailers alone',
    (call) => (call as unknown as { end(metadata: Metadata): void }).end(richMetadata('trailing')),
    ['serverStream', 'bidi'],
  ),
  ...whenServed(
    'trailers given to the callback replace those of the error',
    (_call, { fail }) =>
      fail(
        { code: status.ABORTED, details: 'stop', metadata: metadataOf(['of', 'error']) },
        metadataOf(['of', 'callback']),
      ),
    ['unary', 'clientStream'],
  ),
  ...RESERVED.map(([key, value]) =>
    scenario(
      `initial metadata with a key of its own meaning: ${key}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((call, { reply }) => {
            call.sendMetadata(metadataOf([key, value]));
            reply('answer');
          }),
        });
        return { told: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  ...RESERVED.map(([key, value]) =>
    scenario(
      `trailers with a key of its own meaning: ${key}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((_call, { reply }) => reply('answer', metadataOf([key, value]))),
        });
        return { told: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  ...RESERVED.map(([key, value]) =>
    scenario(
      `trailers of an error with a key of its own meaning: ${key}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((_call, { fail }) =>
            fail({ code: status.ABORTED, details: 'stop', metadata: metadataOf([key, value]) }),
          ),
        });
        return { told: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  scenario(
    'initial metadata is there before the first message is written',
    async (lab) => {
      let write!: () => void;
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            call.sendMetadata(metadataOf(['initial', 'early']));
            write = () => {
              call.write('message');
              call.end();
            };
          },
        },
      });
      const { journal } = callServerStream(stub, 'request');
      await journal.when('metadata');
      const early = [...journal.entries];
      write();
      await journal.whenAll('status', 'close');
      return { early, client: journal.entries };
    },
    { early: [['metadata', { initial: ['early'] }]] },
  ),
  scenario(
    'initial metadata is there before the first request is sent',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          bidi: (call) => {
            call.sendMetadata(metadataOf(['initial', 'early']));
            call.resume().on('end', () => call.end());
          },
        },
      });
      const { call, journal } = callBidi(stub);
      await journal.when('metadata');
      call.end();
      await journal.whenAll('status', 'close');
      return { client: journal.without('finish') };
    },
    {},
  ),
  scenario(
    'answers carry a date and name the encodings, as HTTP/2 headers',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      const keys = await new Promise((resolve) => {
        stub
          .unary('request', new Metadata(), {}, () => {})
          .on('metadata', (metadata: Metadata) => resolve(Object.keys(metadata.getMap()).sort()));
      });
      return { keys };
    },
    { keys: ['content-type', 'date'] },
  ),
];
