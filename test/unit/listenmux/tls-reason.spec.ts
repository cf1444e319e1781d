import { describe, expect, it } from 'vitest';
import { isNoTls, tlsReason } from '../../../lib/listenmux/index.js';

const RAW = '80AB:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:s3.c:354:';

describe('the reason of a TLS failure', () => {
  it('is read from the text of OpenSSL', () => {
    const error = Object.assign(new Error(`write EPROTO ${RAW}\n`), { code: 'EPROTO' });

    expect(tlsReason(error)).toBe('wrong version number');
    expect(isNoTls(error)).toBe(true);
  });

  it('is not read from a text that the other end has sent', () => {
    expect(tlsReason(new Error(`peer refused: ${RAW}`))).toBeUndefined();
  });
});
