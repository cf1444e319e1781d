import { Metadata, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { failed } from '../harness/expected.js';
import { handleAll } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf, richMetadata } from '../harness/metadata-of.js';
import { plainMetadata } from '../harness/plain.js';
import { scenario, type Observation, type Scenario } from '../harness/scenario.js';
import { withoutRace } from '../harness/without-race.js';
import { KINDS, type Kind } from '../harness/test-service.js';

/** Sends metadata with a call of `kind`: what does the handler get? */
async function received(lab: Lab, kind: Kind, metadata: Metadata): Promise<Observation> {
  const server = new Journal();
  const { stub } = await lab.open({
    handlers: handleAll((call, { reply }) => {
      server.note('metadata', plainMetadata(call.metadata));
      reply('answer');
    }),
  });
  const before = plainMetadata(metadata);
  const told = await outcomeOf(stub, kind, { metadata });
  const isUntouched = JSON.stringify(before) === JSON.stringify(plainMetadata(metadata));
  return { server: server.entries, told, isUntouched };
}

/** Keys that gRPC or HTTP has its own use for, with a value that is not the one they would have. */
const RESERVED: readonly (readonly [string, string])[] = [
  ['grpc-foo', 'bar'],
  ['grpc-timeout', '10S'],
  ['grpc-encoding', 'identity'],
  ['grpc-accept-encoding', 'gzip'],
  ['grpc-status', '5'],
  ['grpc-message', 'a message'],
  ['grpc-previous-rpc-attempts', '3'],
  ['accept-encoding', 'br'],
  ['user-agent', 'mine/1'],
  ['content-type', 'application/grpc+mine'],
  ['te', 'trailers'],
  ['host', 'example.test'],
  ['authorization', 'Bearer token'],
  ['cookie', 'a=1; b=2'],
  ['date', 'Tue, 01 Jan 2030 00:00:00 GMT'],
  ['x-forwarded-for', '10.0.0.1'],
  [':path', '/elsewhere'],
  [':authority', 'elsewhere'],
  [':mine', 'pseudo'],
];

/** What HTTP/2, or node, refuses to send. */
const FORBIDDEN: readonly (readonly [string, ...string[]])[] = [
  ['connection', 'close'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'h2c'],
  ['if-match', 'one', 'two'],
];

/** Keys that may be there only once, or rather not. */
const REPEATED = ['authorization', 'user-agent', 'content-type', 'te', 'x-free', 'cookie'];

/** What of a call's metadata reaches the handler. */
export const requestMetadata: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `metadata of all sorts reaches the handler: ${kind}`,
      (lab) => received(lab, kind, richMetadata('x')),
      {
        server: [
          [
            'metadata',
            {
              'x-text': ['plain text'],
              'x-twice': ['first, second'],
              'x-upper': ['Kept As It Is'],
              'x-bin': ['hex:00017f80ff'],
              'x-many-bin': ['hex:6f6e65', 'hex:74776f21', 'hex:7468726565'],
              'x-empty': [''],
              'x-empty-bin': ['hex:'],
            },
          ],
        ],
        isUntouched: true,
      },
    ),
  ),
  scenario(
    'a call without metadata still has some',
    (lab) => received(lab, 'unary', new Metadata()),
    { server: [['metadata', {}]] },
  ),
  ...RESERVED.map(([key, value]) =>
    scenario(
      `metadata with a key of its own meaning: ${key}`,
      async (lab) => {
        const server = new Journal();
        const { stub } = await lab.open({
          handlers: handleAll((call, { reply }) => {
            server.note('values', call.metadata.get(key));
            server.note('metadata', plainMetadata(call.metadata));
            server.note('hasDeadline', call.getDeadline() !== Infinity);
            server.note('path', call.getPath());
            reply('answer');
          }),
        });
        const told = await outcomeOf(stub, 'unary', { metadata: metadataOf([key, value]) });
        return { server: server.entries.map(withoutVersion), told };
      },
      {},
    ),
  ),
  ...FORBIDDEN.map(([key, ...values]) =>
    scenario(
      `metadata that HTTP/2 forbids: ${key}: ${values.join(', ')}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: { unary: (_call, callback) => callback(null, 'answer') },
        });
        const told = await outcomeOf(stub, 'unary', {
          metadata: metadataOf(...values.map((value) => [key, value] as const)),
          options: { deadline: Date.now() + 300 },
        });
        return { told: withoutRace(told) };
      },
      { told: failed(status.DEADLINE_EXCEEDED, expect.any(String), 'unary') },
    ),
  ),
  ...REPEATED.map((key) =>
    scenario(
      `metadata with two values for ${key}`,
      (lab) => received(lab, 'unary', metadataOf([key, 'one'], [key, 'two'])),
      {},
    ),
  ),
  ...[' both ', '\ttab', 'a  b'].map((value) =>
    scenario(
      `metadata with spaces around its value: ${JSON.stringify(value)}`,
      async (lab) => {
        let metadata: Metadata;
        try {
          metadata = metadataOf(['x-spaces', value]);
        } catch (error) {
          return { refused: (error as Error).message };
        }
        return received(lab, 'unary', metadata);
      },
      {},
    ),
  ),
  scenario(
    'binary metadata that holds commas and spaces stays one value',
    (lab) => received(lab, 'unary', metadataOf(['x-bin', Buffer.from('a, b,c')])),
    { server: [['metadata', { 'x-bin': ['hex:612c20622c63'] }]] },
  ),
  scenario(
    'more metadata than one frame holds reaches the handler',
    async (lab) => {
      const pairs = Array.from({ length: 60 }, (_, i) => [`x-${i}`, `${i}`.repeat(500)] as const);
      return received(lab, 'unary', metadataOf(...pairs));
    },
    {
      told: [
        ['metadata', {}],
        ['callback', 'answer'],
        ['status', { code: 0 }],
      ],
    },
  ),
  scenario(
    'metadata changed after the call was made is not sent',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: handleAll((call, { reply }) => {
          server.note('metadata', plainMetadata(call.metadata));
          reply('answer');
        }),
      });
      const metadata = metadataOf(['x-when', 'before']);
      const outcome = outcomeOf(stub, 'unary', { metadata });
      metadata.set('x-when', 'after');
      await outcome;
      return { server: server.entries };
    },
    { server: [['metadata', { 'x-when': ['before'] }]] },
  ),
  scenario(
    'the user agent names grpc-js, with what the options add',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        client: {
          'grpc.primary_user_agent': 'first/1',
          'grpc.secondary_user_agent': 'last/2',
        },
        handlers: handleAll((call, { reply }) => {
          server.note('user-agent', call.metadata.get('user-agent'));
          reply('answer');
        }),
      });
      await outcomeOf(stub, 'unary');
      return { server: server.entries.map(withoutVersion) };
    },
    {
      server: [
        ['user-agent', [expect.stringMatching(/^first\/1 grpc-node-js\/<version> last\/2$/)]],
      ],
    },
  ),
];

function withoutVersion(entry: unknown): unknown {
  return JSON.parse(JSON.stringify(entry).replace(/(grpc-node-[a-z]+)\/[\d.]+/g, '$1/<version>'));
}
