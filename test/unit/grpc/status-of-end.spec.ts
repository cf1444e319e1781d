import { runInNewContext } from 'node:vm';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOfEnd } from '../../../lib/grpc/built-in/client/status-of-end.js';
import { ErrorCode, Http2Error } from '../../../lib/http2/index.js';

/** An error of Node's modules, as a test of Jest sees it. */
const reset = runInNewContext('new Error("read ECONNRESET")') as Error;

describe('the status of a call whose connection was lost', () => {
  it.each([
    [new Error('read ECONNRESET'), 'Connection dropped: read ECONNRESET'],
    [reset, 'Connection dropped: read ECONNRESET'],
    [undefined, 'Connection dropped'],
  ])('says why: %o', (cause, details) => {
    const end = new Http2Error('connection', ErrorCode.InternalError, 'lost', false, { cause });
    expect(statusOfEnd(end)).toMatchObject({ code: status.UNAVAILABLE, details });
  });
});
