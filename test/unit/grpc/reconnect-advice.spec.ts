import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDecision,
  encodeDecision,
  MAX_STAY_AWAY_MS,
} from '../../../lib/grpc/reconnect-advice.js';

describe('the debug data of a decision', () => {
  it.each([
    ['peer closed', {}],
    ['peer closed: it moved', { reason: 'it moved' }],
    ['peer closed (reconnect after 60000 ms)', { reconnectAfterMs: 60_000 }],
    ['peer closed (reconnect after 0 ms): now', { reason: 'now', reconnectAfterMs: 0 }],
    [
      'peer closed (reconnect after 86400000 ms): no (reconnect after 1 ms): never',
      { reason: 'no (reconnect after 1 ms): never', reconnectAfterMs: MAX_STAY_AWAY_MS },
    ],
  ])('%j is written and read', (text, decision) => {
    expect(encodeDecision('peer closed', decision)).toBe(text);
    expect(decodeDecision('peer closed', text)).toEqual(decision);
  });

  it.each([
    ['more than 24 hours', 'reconnect after 99999999 ms', MAX_STAY_AWAY_MS],
    ['more digits than 24 hours have', 'reconnect after 100000000 ms', undefined],
    ['a leading zero', 'reconnect after 01 ms', undefined],
    ['a negative number', 'reconnect after -1 ms', undefined],
    ['a fraction', 'reconnect after 1.5 ms', undefined],
    ['an exponent', 'reconnect after 1e3 ms', undefined],
    ['digits of another script', 'reconnect after \u0661 ms', undefined],
    ['other words', 'reconnect never', undefined],
    ['another unit', 'reconnect after 1 s', undefined],
    ['more white space', 'reconnect after  1 ms', undefined],
    ['nothing', '', undefined],
  ])('with %s in its brackets has at most 24 hours, or no advice', (_what, brackets, ms) => {
    const decision = decodeDecision('peer closed', `peer closed (${brackets}): why`);

    expect(decision).toEqual({ reason: 'why', ...(ms !== undefined && { reconnectAfterMs: ms }) });
  });

  it.each([
    'peer closedness',
    'peer closed (reconnect after 1 ms',
    'peer closed (reconnect after 1 ms)why',
    'peer closed (reconnect after 1 ms) (reconnect after 2 ms)',
    `peer closed (${'x'.repeat(41)})`,
    'peer refused: no',
    'max_age',
    '',
  ])('%j is none', (text) => {
    expect(decodeDecision('peer closed', text)).toBeUndefined();
  });

  it('never asks for more than 24 hours, whatever the text is', () => {
    const piece = oneof(
      string(),
      constantFrom('peer closed', ' (reconnect after ', ' ms)', ': ', '86400001', '0'),
    );
    assert(
      property(array(piece, { maxLength: 8 }), (pieces) => {
        const ms = decodeDecision('peer closed', `peer closed${pieces.join('')}`)?.reconnectAfterMs;
        return ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= MAX_STAY_AWAY_MS);
      }),
    );
  });
});
