import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { Deviation } from './deviation.js';
import { failingWith, METADATA, replaced, STATUS_OK } from './rewrite.js';

/** Of our engine as the client. */
export const clientDeviations: readonly Deviation[] = [
  {
    scenarios: /^errors tell where they come from$/,
    of: 'client',
    why: 'Our stubs take the stack of the caller only with BACKCHANNEL_CALLER_STACKS=true.',
    expected: (reference) => ({ ...reference, ofCaller: false }),
  },
  {
    scenarios: /user-agent$|^the user agent names|^what a request looks like$/,
    of: 'client',
    why: 'The user agent names who made the request, which is not grpc-js.',
    expected: (reference) => replaced(reference, 'grpc-node-js', 'grpc-node-backchannel'),
  },
  {
    scenarios: /^metadata that HTTP\/2 forbids: (connection|transfer-encoding|upgrade)/,
    of: 'client',
    why: 'grpc-js tears the connection down, connects again, and fails again, until the deadline.',
    expected: ({ told }) => ({
      told: failingWith(told, { code: status.INTERNAL, details: expect.any(String) }),
    }),
  },
  {
    scenarios: /^metadata that HTTP\/2 forbids: if-match/,
    of: 'client',
    why: 'It is node that forbids it, not HTTP/2; grpc-js hangs until the deadline.',
    expected: () => ({ told: [METADATA, ['callback', 'answer'], STATUS_OK] }),
  },
  {
    scenarios:
      /^a code that gRPC does not know: -1$|^trailers (alone )?with a (status that is no number|negative|fractional|hexadecimal)|^trailers (alone )?with an empty status/,
    of: 'client',
    why: 'A code is made of digits. Number() reads "" as OK, and gives codes like NaN and 1.5.',
    expected: ({ told, ...others }) => ({
      ...others,
      told: unknownStatus(told),
    }),
  },
  {
    scenarios: /^trailers (alone )?with a message of raw Unicode/,
    of: 'client',
    why: 'grpc-js drops the text, and logs an error.',
    expected: (reference) => detailsOf(reference, 'nÃ©'),
  },
  {
    scenarios: /^trailers (alone )?with all characters encoded/,
    of: 'client',
    why: 'grpc-js decodes by decodeURI, which leaves what is reserved in URIs.',
    expected: (reference) => detailsOf(reference, '#?;/A'),
  },
  {
    scenarios: /^an answer compressed, (said to be identity|of no said encoding)$/,
    of: 'client',
    why: 'grpc-js tells neither code nor details.',
    expected: ({ told }) => ({
      told: failingWith(told, {
        code: status.INTERNAL,
        details: 'Received compressed message but "grpc-encoding" header was identity',
      }),
    }),
  },
  {
    scenarios: /^an answer in an unknown encoding$/,
    of: 'client',
    why: 'grpc-js tells neither code nor details.',
    expected: ({ told }) => ({
      told: failingWith(told, {
        code: status.UNIMPLEMENTED,
        details: 'Received message compressed with unsupported encoding "br"',
      }),
    }),
  },
  {
    scenarios: /^a (message|prefix) that is cut short$/,
    of: 'client',
    why: 'grpc-js takes the end of the stream for the end of the messages.',
    expected: ({ told, ...others }) => ({
      ...others,
      told: failingWith(told, {
        code: status.INTERNAL,
        details: 'The stream ended in the middle of a message',
      }),
    }),
  },
  {
    scenarios:
      /^(trailers without END_STREAM|a header name in upper case|headers without :status|a content-length that is wrong|a pseudo-header in the trailers|a connection header)$/,
    of: 'client',
    why: 'The text says what was wrong, not with what code we reset the stream for it.',
    expected: ({ told, ...others }) => ({
      ...others,
      told: failingWith(told, {
        code: status.INTERNAL,
        details: expect.stringContaining('malformed message'),
      }),
    }),
  },
  {
    scenarios: /^data before the headers$/,
    of: 'client',
    why: 'node:http2 ignores it, and grpc-js waits until the deadline.',
    expected: ({ told, ...others }) => ({
      ...others,
      told: failingWith(told, { code: status.INTERNAL, details: 'DATA before any headers' }),
    }),
  },
  {
    scenarios: /^metadata with spaces around its value: " both "$/,
    of: 'client',
    why: 'HTTP/2 has no space at either end of a value; grpc-js sends it, and node:http2 loses the value.',
    expected: (reference) => ({
      ...reference,
      server: [['metadata', { 'x-spaces': ['both'] }]],
    }),
  },
  {
    scenarios:
      /^(a frame that is too long|garbage in the place of frames|header bytes that cannot be decoded)$/,
    of: 'client',
    why: 'The connection is over for node:http2 too, but grpc-js waits until the deadline.',
    expected: ({ told, ...others }) => ({
      ...others,
      told: failingWith(told, {
        code: status.UNAVAILABLE,
        details: expect.stringContaining('Connection dropped'),
      }),
    }),
  },
  {
    scenarios: /^waitForReady is told that its channel is closed$/,
    of: 'client',
    why: 'A closed channel of grpc-js connects again when it is asked for its state.',
    expected: () => ({ outcome: 'Error: The channel has been closed' }),
  },
  {
    scenarios: /^a client that has not begun to read holds a server stream back$/,
    of: 'client',
    why: 'grpc-js takes in everything until the first message is asked for, without bounds.',
    expected: (reference) => ({ ...reference, heldBack: true }),
  },
  {
    scenarios:
      /^what a caller knows of its call|^a call can be made through the channel itself$|^an interceptor may read peer/,
    of: 'client',
    why: 'grpc-js names the local socket that it dials in vain, not the peer that is called back.',
    expected: (reference) =>
      replaced(
        replaced(reference, 'unix:<meeting point>', 'backchannel'),
        '<meeting point>',
        '127.0.0.1:<port>',
      ),
  },
];

/** UNKNOWN, with the text that came. */
function unknownStatus(told: unknown): unknown {
  const [, outcome] = (told as [string, { details: string; metadata: object }][]).at(-1)!;
  const entries = (told as [string, unknown][]).map(([name, value]) =>
    name === 'callback' ? [name, {}] : [name, value],
  );
  const { details, metadata } = outcome;
  return failingWith(entries, { code: status.UNKNOWN, details, metadata });
}

function detailsOf(
  { told, ...others }: Readonly<Record<string, unknown>>,
  details: string,
): Record<string, unknown> {
  const [, { code, metadata }] = (told as [string, { code: status; metadata: object }][]).at(-1)!;
  return { ...others, told: failingWith(told, { code, details, metadata }) };
}
