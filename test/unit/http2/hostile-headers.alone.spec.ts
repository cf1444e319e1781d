import { afterEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../lib/http2/index.js';
import {
  closing,
  greeted,
  KiB,
  send,
  settle,
  STATUS_200,
  wholeRequest,
} from '../../fixtures/http2/connections.js';
import { FLAG, frame, REQUEST, TYPE } from '../../fixtures/http2/raw-client.js';
import { inserted, NEWEST } from '../../fixtures/http2/table-fields.js';

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A HEADERS frame with `block`, whole unless there is more to come on the stream. */
const headers = (id: number, block: Buffer, flags: number = FLAG.endStream): Buffer =>
  frame(TYPE.headers, FLAG.endHeaders | flags, id, block);

describe('a header list', () => {
  const FIELD = inserted('x', 'y');
  const fields = (count: number): Buffer =>
    Buffer.concat([FIELD, ...Array.from({ length: count - 1 }, () => NEWEST)]);
  const list = (value: string, times = 1): Buffer =>
    Buffer.concat([inserted('x-bin', value), ...Array.from({ length: times - 1 }, () => NEWEST)]);
  const options = { listNameSuffix: '-bin', maxFrameSize: 64 * KiB };

  /** What comes of a request with `more` headers, besides its four. */
  async function requested(more: Buffer): Promise<'taken' | number> {
    const { peer, recorders } = await greeted({ options });
    peer.write(headers(1, Buffer.concat([REQUEST, more])));
    const reset = (await settle(peer)).find(({ type }) => type === TYPE.rstStream);
    const taken = recorders.length;
    // Whatever came of it, the next one is served.
    peer.write(wholeRequest(3));
    await settle(peer);
    expect(recorders).toHaveLength(taken + 1);
    return reset === undefined ? 'taken' : reset.payload.readUInt32BE();
  }

  it.each<[what: string, more: Buffer]>([
    ['512 headers', fields(508)],
    ['512 values of one header', list(','.repeat(507))],
    ['512 values of two headers', list(','.repeat(253), 2)],
    ['as many commas as it likes in other headers', inserted('x', ','.repeat(4000))],
  ])('may have %s', async (_what, more) => {
    expect(await requested(more)).toBe('taken');
  });

  it.each<[what: string, more: Buffer]>([
    ['513 headers', fields(509)],
    ['513 values of one header', list(','.repeat(508))],
    ['513 values of two headers', list(','.repeat(253) + ',', 2)],
    ['a bomb of commas', list(','.repeat(4000), 15)],
  ])('may not have %s', async (_what, more) => {
    expect(await requested(more)).toBe(ErrorCode.EnhanceYourCalm);
  });

  it('counts 32 bytes for each value of a header', async () => {
    // Below 61 KiB as they are sent, above 64 KiB with what each of them counts for.
    const values = Array.from({ length: 107 }, () => 'A'.repeat(581)).join(',');
    expect(await requested(list(values))).toBe(ErrorCode.EnhanceYourCalm);
    expect(await requested(inserted('x', values))).toBe('taken');
  });

  it.each(['the headers of a response', 'its trailers'])('is limited in %s, too', async (what) => {
    const { peer, connection } = await greeted({ role: 'client', options });
    const recorder = send(connection);
    const bomb = list(','.repeat(4000));
    peer.write(
      what === 'its trailers'
        ? Buffer.concat([headers(1, STATUS_200, 0), headers(1, bomb)])
        : headers(1, Buffer.concat([STATUS_200, bomb]), 0),
    );
    await settle(peer);

    expect(recorder.errors).toMatchObject([{ http2Code: ErrorCode.EnhanceYourCalm }]);
    const next = send(connection);
    peer.write(headers(3, STATUS_200));
    expect(await next.closed).toBeUndefined();
  });
});
