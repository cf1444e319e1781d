import { describe, expect, it } from 'vitest';
import { engineOf } from 'nestjs-backchannel/core';
import { callSlowly, slowLinks } from '../../fixtures/nest/slow-calls.js';

const BYTES_PER_SECOND = 64 * 1024;
/** The link needs three and a half seconds for them, and all of it is on its way at once. */
const BYTES = 224 * 1024;
const PATIENCE_MS = 1000;
const settings = {
  keepalive: { keepaliveTimeMs: PATIENCE_MS, keepaliveTimeoutMs: PATIENCE_MS },
  yamux: { connectionWriteTimeoutMs: PATIENCE_MS },
};

// The keepalive of grpc-js knows of nothing but answers.
describe.skipIf(engineOf().name === 'grpc-js')('a message that is long on its way', () => {
  it.concurrent.each(slowLinks.filter(({ client }) => client === 'multiplexed'))(
    'gets through, and the connection lives: $client, $way, with buffers that are $buffers',
    async (slowLink) => {
      const call = { ...slowLink, bytes: BYTES, bytesPerSecond: BYTES_PER_SECOND };
      expect(await callSlowly(call, settings)).toBe(BYTES);
    },
    40_000,
  );
});
