import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeReason } from '../../../lib/http2/protocol/reason.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { Site } from '../../fixtures/grpc/site.js';
import { frame, TYPE } from '../../fixtures/http2/raw-client.js';

describe('why the other end says GOAWAY', () => {
  it('is told as it is, in any language', () => {
    expect(decodeReason(Buffer.from('peer refused: kein Platz für 座席'))).toBe(
      'peer refused: kein Platz für 座席',
    );
  });

  it.each([
    ['a line of its own in the log', 'no\nERROR all is lost', 'no\ufffdERROR all is lost'],
    ['carriage returns', 'no\r\nmore', 'no\ufffd\ufffdmore'],
    ['commands for a terminal', '\u001b[2Jno\u0007\u009b1m', '\ufffd[2Jno\ufffd\ufffd1m'],
    ['separators of lines that are no controls', 'a\u2028b\u2029c', 'a\ufffdb\ufffdc'],
  ])('cannot have %s', (_what, said, told) => {
    expect(decodeReason(Buffer.from(said))).toBe(told);
  });

  it('is cut where it is long', () => {
    expect(decodeReason(Buffer.alloc(100_000, 'x'))).toBe('x'.repeat(1024));
  });

  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  it('reaches a caller without any of that', async () => {
    const said = Buffer.concat([Buffer.from('no\nway '), Buffer.alloc(15_000, 'x')]);
    const payload = Buffer.concat([Buffer.from('000000000000000c', 'hex'), said]);
    const { address } = await site.port((socket) =>
      socket.write(frame(TYPE.goAway, 0, 0, payload)),
    );

    const call = new RawCall(site.channel(address));

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toContain(`no\ufffdway ${'x'.repeat(1024 - 7)}`);
    expect(call.details!.length).toBeLessThan(1200);
  });
});
