import * as fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { yamuxSessionFactory, type SessionFactory } from 'nestjs-backchannel/core';
import { yamuxJsSessionFactory } from 'nestjs-backchannel/yamux-js';
import { messageBuffers } from '../../lib/wire/index.js';
import { makeMirrorCall, type MirrorCall } from '../fixtures/grpc/mirror/calls.js';
import { MirrorPair } from '../fixtures/grpc/mirror/mirror-pair.js';
import { wrongMessages } from '../fixtures/grpc/mirror/mirror.js';
import { securities } from '../fixtures/nest/tls.js';

vi.hoisted(() => {
  process.env['BACKCHANNEL_DEBUG_BUFFERS'] = 'overwrite';
});

const GZIP = 2;
const LARGEST = 3 * 1024 * 1024;

const lengths = fc.array(
  fc.oneof(
    fc.nat(2 * 1024),
    fc.nat(128 * 1024),
    fc.nat(LARGEST),
    fc.constantFrom(16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024),
  ),
  { maxLength: 8, size: 'max' },
);

const calls: fc.Arbitrary<(MirrorCall & { isBack: boolean })[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('Echo', 'Upload', 'Download', 'Exchange'),
    seed: fc.nat(2 ** 31),
    lengths,
    cancelAfter: fc.option(fc.nat(12), { nil: undefined }),
    isSlow: fc.boolean(),
    isBack: fc.boolean(),
  }),
  { maxLength: 8, size: 'max' },
);

const sessions: [name: string, factory: SessionFactory | undefined][] = [
  ['yamux', yamuxSessionFactory()],
  ['yamux-js', yamuxJsSessionFactory()],
  ['a plain connection', undefined],
];

const setups = sessions.flatMap(([session, sessionFactory]) =>
  (['insecure', 'TLS'] as const).map((security) => ({
    session,
    sessionFactory,
    security,
    // A compressed message is another buffer: one setup is enough.
    isCompressed: session === 'yamux' && security === 'TLS',
  })),
);

let pair: MirrorPair | undefined;

beforeAll(() => {
  wrongMessages.length = 0;
});

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

describe('messages in pooled buffers that are overwritten when they return', () => {
  it.each(setups)(
    'arrive as they were sent over $session, $security, compressed: $isCompressed',
    async ({ sessionFactory, security, isCompressed }) => {
      pair = await MirrorPair.connect({
        security: securities[security],
        sessionFactory,
        channelOptions: isCompressed ? { 'grpc.default_compression_algorithm': GZIP } : {},
      });
      const { forward, back = forward } = pair;

      await fc.assert(
        fc.asyncProperty(calls, async (all) => {
          await Promise.all(all.map((call) => makeMirrorCall(call.isBack ? back : forward, call)));
          expect(wrongMessages).toEqual([]);
        }),
        { numRuns: 8 },
      );
    },
    120_000,
  );

  it('does return buffers to the pool', () => {
    expect(messageBuffers.spareBytes).toBeGreaterThan(0);
  });
});
