import { describe, expect, it } from 'vitest';
import { isFarewell } from '../../../lib/backchannel/departure.js';
import { ErrorCode } from '../../../lib/http2/index.js';

describe('DR-03 a GOAWAY on the stream of calls back', () => {
  it.each(['', 'server closing', 'too_many_pings'])(
    'is a farewell if it says NO_ERROR and %j',
    (message) => {
      expect(isFarewell({ code: ErrorCode.NoError, message })).toBe(true);
    },
  );

  it.each(['max_age', 'max_idle'])('is none if it says NO_ERROR and %j', (message) => {
    expect(isFarewell({ code: ErrorCode.NoError, message })).toBe(false);
  });

  // gRPC sends `too_many_pings` with this code only (gRFC A8).
  it('is none if it says ENHANCE_YOUR_CALM and "too_many_pings"', () => {
    const goAway = { code: ErrorCode.EnhanceYourCalm, message: 'too_many_pings' };
    expect(isFarewell(goAway)).toBe(false);
  });
});
