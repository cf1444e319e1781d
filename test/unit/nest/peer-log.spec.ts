import { Socket } from 'node:net';
import { runInNewContext } from 'node:vm';
import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { HandshakeError } from '../../../lib/backchannel/index.js';
import { logRefusal } from '../../../lib/nest/listening/peer-log.js';
import { RateLimitedLog } from '../../../lib/nest/log/rate-limited-log.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';

describe('the line of a connection that was refused', () => {
  it.each([new Error('reset'), runInNewContext('new Error("reset")') as Error])(
    'has the error that caused it, whatever its realm',
    (cause) => {
      const lines = logLinesOf('ListenMuxServer');
      const log = new RateLimitedLog(new Logger('ListenMuxServer'));
      logRefusal(log, new HandshakeError('it left', { cause }), new Socket());
      expect(lines.map(({ message }) => message)).toEqual(['connection refused: it left (reset)']);
    },
  );
});
