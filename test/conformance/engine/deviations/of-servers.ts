import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { Entry } from '../harness/journal.js';
import type { Deviation } from './deviation.js';
import { CONTENT_TYPE, failingWith, METADATA, replaced, STATUS_OK, without } from './rewrite.js';

/** Of our engine as the server. */
export const serverDeviations: readonly Deviation[] = [
  {
    scenarios: /^an unknown odd path/,
    of: 'server',
    why: 'node:http2 resets the stream; that nobody serves such a method says more.',
    expected: ({ told }) => ({
      told: unimplemented(told, '/weird path/ünicode?query=1#x'),
    }),
  },
  {
    scenarios: /^an unknown path without a slash/,
    of: 'server',
    why: 'node:http2 resets the stream; that nobody serves such a method says more.',
    expected: ({ told }) => ({ told: unimplemented(told, 'noSlash') }),
  },
  {
    scenarios: /^a callback called with two values$/,
    of: 'server',
    why: 'grpc-js sends both, though its own clients cannot take it; the first is the answer.',
    expected: () => ({ client: [METADATA, ['callback', 'first'], STATUS_OK] }),
  },
  {
    scenarios: /^a handler that writes after its end$/,
    of: 'server',
    why: 'grpc-js never sends the status, and its caller waits for ever.',
    expected: ({ server }) => ({
      client: [STATUS_OK, 'end'],
      server: ['finish', ...(server as Entry[])],
    }),
  },
  {
    scenarios: /^initial metadata with a key of its own meaning: content-type$/,
    of: 'server',
    why: 'What gRPC itself says is not for handlers to say.',
    expected: () => ({ told: [METADATA, ['callback', 'answer'], STATUS_OK] }),
  },
  {
    scenarios:
      /^trailers with a key of its own meaning: (content-type|grpc-encoding|grpc-accept-encoding|grpc-status|grpc-message)$/,
    of: 'server',
    why: 'What gRPC itself says is not for handlers to say: grpc-js lets them turn OK into failure.',
    expected: () => ({ told: [METADATA, ['callback', 'answer'], STATUS_OK] }),
  },
  {
    scenarios:
      /^trailers of an error with a key of its own meaning: (content-type|grpc-encoding|grpc-accept-encoding|grpc-status|grpc-message)$/,
    of: 'server',
    why: 'What gRPC itself says is not for handlers to say.',
    expected: ({ told }) => ({
      told: failingWith(told, { code: status.ABORTED, details: 'stop', metadata: CONTENT_TYPE }),
    }),
  },
  {
    scenarios: /^answers carry a date/,
    of: 'server',
    why: 'gRPC has no use for a date; node:http2 adds one to every answer.',
    expected: () => ({ keys: ['content-type'] }),
  },
  {
    scenarios: /^a text that is no Unicode cannot be sent$/,
    of: 'server',
    why: 'grpc-js throws an URIError into the handler, from within its callback.',
    expected: ({ told }) => ({
      told: failingWith(told, { code: status.ABORTED, details: '�', metadata: CONTENT_TYPE }),
      thrown: undefined,
    }),
  },
  {
    scenarios:
      /^a request of (content type "(application\/json|APPLICATION\/GRPC|)"|no content type)$/,
    of: 'server',
    why: 'Who opens the port with a browser is told in words what it speaks.',
    expected: (reference) => ({
      ...reference,
      answer: [
        ['headers', expect.objectContaining({ ':status': 415, 'content-type': 'text/plain' })],
        ['end', expect.any(String)],
        ['close', 0],
      ],
    }),
  },
  {
    scenarios: /^a request with the timeout "(123456789S|-1S|1\.5S|x10Sy)"$/,
    of: 'server',
    why: 'grpc-js looks for something like a timeout anywhere in the header.',
    expected: () => ({
      answer: failedAnswer(status.INTERNAL, /^Invalid grpc-timeout value/),
      server: [],
    }),
  },
  {
    scenarios: /^a request (that ends within its (message|prefix)|with a message and a bit): /,
    of: 'server',
    why: 'grpc-js takes the end of the stream for the end of the messages.',
    expected: () => ({
      answer: failedAnswer(status.INTERNAL, /^The stream ended in the middle of a message$/),
      server: [],
    }),
  },
  {
    scenarios: /^a request (that is no gzip|whose gzip is cut short): /,
    of: 'server',
    why: 'It names the encoding, as the clients of grpc-js do.',
    expected: (reference) =>
      replaced(
        reference,
        'Failed to decompress message',
        'Failed to decompress gzip-encoded message',
      ),
  },
  {
    scenarios: /^metadata with spaces around its value: " both "$/,
    of: 'server',
    why: 'RFC 9113, 8.2.1 calls the request malformed; node:http2 loses the value.',
    expected: (reference) =>
      // Our client does not send the spaces.
      JSON.stringify(reference).includes('x-spaces')
        ? reference
        : {
            ...reference,
            server: [],
            told: [
              ['callback', expect.objectContaining({ code: status.INTERNAL })],
              ['status', expect.objectContaining({ code: status.INTERNAL })],
            ],
          },
  },
  {
    scenarios: /^a compressed request without an encoding/,
    of: 'server',
    why: 'grpc-js hands the compressed bytes to the deserializer.',
    expected: (reference) =>
      replaced(
        reference,
        'Error deserializing request',
        String.raw`Received compressed message but \"grpc-encoding\" header was identity`,
      ),
  },
  {
    scenarios: /^a server's interceptor knows where a call comes from/,
    of: 'server',
    why: 'grpc-js knows no addresses where it has a stream of a backchannel; ours are those of its connection.',
    expected: ({ passed, ...others }) => ({
      ...others,
      passed: [
        ...without(passed, 'connection'),
        [
          'connection',
          { localAddress: '127.0.0.1', remoteAddress: '127.0.0.1' },
          'number',
          'number',
        ],
      ],
    }),
  },
  {
    // Only over a backchannel, where grpc-js is given an interceptor.
    scenarios:
      /^an answer (larger than the server sends|that cannot be serialized|that is no object: undefined)/,
    of: 'server',
    why: 'grpc-js with an interceptor sends metadata before it finds that it cannot send the message.',
    expected: (reference) =>
      Object.fromEntries(
        Object.entries(reference).map(([name, entries]) => [
          name,
          name === 'again' || name === 'told' || name === 'unary'
            ? withoutMetadata(entries as Entry[])
            : entries,
        ]),
      ),
  },
];

function unimplemented(told: unknown, path: string): Entry[] {
  return failingWith(told, {
    code: status.UNIMPLEMENTED,
    details: `The server does not implement the method ${path}`,
    metadata: CONTENT_TYPE,
  });
}

/** What a raw client gets of a call that failed before anything was sent. */
function failedAnswer(code: status, message: RegExp): unknown[] {
  return [
    [
      'headers',
      {
        ':status': 200,
        'content-type': 'application/grpc+proto',
        'grpc-status': String(code),
        'grpc-message': expect.stringMatching(message),
      },
    ],
    ['end', 'hex:'],
    ['close', 0],
  ];
}

function withoutMetadata(entries: Entry[]): Entry[] {
  const [, { code, details }] = entries.find(([name]) => name === 'status') as [
    string,
    { code: status; details: string },
  ];
  return failingWith(without(entries, 'metadata'), { code, details, metadata: CONTENT_TYPE });
}
