import { describe, expect, it } from 'vitest';
import { explainFailure } from '../../../lib/grpc/explain-failure.js';
import { ErrorCode, Http2Error } from '../../../lib/http2/index.js';

describe('the explanation of a failed attempt', () => {
  it.each([
    'the connection was closed',
    'Client network socket disconnected before secure TLS connection was established',
    'AB:error:0A:lib:func:wrong version number:f:1:',
  ])('is what the other end has said, even if that is "%s"', (text) => {
    const error = new Http2Error('connection', ErrorCode.InadequateSecurity, text, true);

    expect(explainFailure(error, { secure: true, bytesRead: 0 })).toBe(error);
  });

  it('keeps the properties of the original error, which is its cause', () => {
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104 });

    const explained = explainFailure(error, { secure: false, bytesRead: 0 });

    expect(explained).toMatchObject({ code: 'ECONNRESET', errno: -104, cause: error });
    expect(explained.message).toMatch(/^read ECONNRESET, before the other end sent a byte/);
  });
});
