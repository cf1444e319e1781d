import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { logConnection } from '../../../lib/nest/dialing/connection-log.js';
import type { ConnectionState } from '../../../lib/nest/dialing/connection-state.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';

describe('the log of a dialing side', () => {
  it('has a few lines for a listening side that lets it in and hangs up, again and again', () => {
    const lines = logLinesOf('BackchannelClient');
    const states = new Subject<ConnectionState>();
    logConnection('host:1', states);

    for (let i = 0; i < 1000; i += 1) {
      states.next({ state: 'ready' });
      states.next({ state: 'idle' });
      states.next({ state: 'failed', error: new Error(`reason ${i}`) });
    }
    expect(lines).toHaveLength(30);
    states.next({ state: 'ready' });
    states.next({ state: 'closed' });

    expect(lines.slice(30).map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'log: disconnected from host:1',
      expect.stringMatching(/^log: and 991 more in the last \d+ s: connections to host:1$/),
      expect.stringMatching(/^warn: and 990 more in the last \d+ s: connections lost to host:1$/),
      expect.stringMatching(
        /^warn: and 990 more in the last \d+ s: attempts to connect to host:1$/,
      ),
    ]);
  });
});
