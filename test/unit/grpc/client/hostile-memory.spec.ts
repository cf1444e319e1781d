import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_ROOM } from '../../../../lib/grpc/built-in/message-limits.js';
import type { Http2Stream } from '../../../../lib/http2/index.js';
import { RESPONSE, take } from '../../../fixtures/grpc/answers.js';
import { framed } from '../../../fixtures/grpc/framed.js';
import { stubOf, type Stub } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

/** Bytes of a message; of two of them a megabyte has no room. */
const LARGE = 600_000;
const ONE_MEGABYTE = { 'grpc-node.max_session_memory': 1 };

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** A stub of a server that answers each call with `bytes`, and does not end it. */
async function answered(bytes: Buffer, encoding: string): Promise<[Stub, Http2Stream[]]> {
  const streams: Http2Stream[] = [];
  const { address } = await site.http2(() => ({
    onRequest: (stream) => {
      take(stream);
      streams.push(stream);
      stream.sendHeaders([...RESPONSE, 'grpc-encoding', encoding]);
      stream.write([bytes], bytes.length);
    },
  }));
  return [stubOf(site.channel(address, ONE_MEGABYTE)), streams];
}

describe('answers of one connection', () => {
  it.each([
    ['gzip', framed(gzipSync(Buffer.alloc(LARGE)), true)],
    ['identity', framed(Buffer.alloc(LARGE))],
  ])(
    'in %s share "grpc-node.max_session_memory" until their calls end',
    async (encoding, bytes) => {
      const [stub, streams] = await answered(bytes, encoding);
      const codes: (status | undefined)[] = [];
      const call = (at: number) =>
        stub.unary(Buffer.alloc(1), (error) => (codes[at] = error?.code ?? status.OK));
      const calls = [call(0), call(1)];
      await eventually(() => codes.filter((code) => code !== undefined)).toEqual([
        status.RESOURCE_EXHAUSTED,
      ]);
      for (const each of calls) each.cancel();
      await eventually(() => codes.filter((code) => code !== undefined)).toHaveLength(2);

      call(2);
      await eventually(() => streams.length).toBe(3);
      streams[2]!.sendHeaders(['grpc-status', '0'], true);
      await eventually(() => codes[2]).toBe(status.OK);
    },
  );

  it('that become too many objects end their call', async () => {
    const [stub] = await answered(
      framed(gzipSync(Buffer.alloc(64_000, Buffer.from([0x0a, 0x00]))), true),
      'gzip',
    );
    const failure = await new Promise((resolve) => stub.unary(Buffer.alloc(1), resolve));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: NO_ROOM });
  });
});

describe('"grpc-node.max_session_memory"', () => {
  it('of a channel must be a number of megabytes', () => {
    const options = { 'grpc-node.max_session_memory': 0 };
    expect(() => site.channel('127.0.0.1:1', options)).toThrow(
      'option "grpc-node.max_session_memory" must be a number of megabytes above 0',
    );
  });
});
