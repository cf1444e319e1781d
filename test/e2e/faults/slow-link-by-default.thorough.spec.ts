import { describe, expect, it } from 'vitest';
import { callSlowly, slowLinks } from '../../fixtures/nest/slow-calls.js';

const BYTES_PER_SECOND = 10 * 1024;
/** Enough for more than one keepalive: it asks after 30 s, and waits for 10 s. */
const BYTES = 640 * 1024;

describe('a link of 10 KiB/s, with the options that are the defaults', () => {
  it.concurrent.each(slowLinks)(
    'gets a message through: $client, $way, with buffers that are $buffers',
    async (slowLink) => {
      const call = { ...slowLink, bytes: BYTES, bytesPerSecond: BYTES_PER_SECOND };
      expect(await callSlowly(call)).toBe(BYTES);
    },
    200_000,
  );
});
