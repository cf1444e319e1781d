import { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { builtInEngine } from '../../../../lib/grpc/index.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a channel that is closed as its stream opens', () => {
  // Was a bug: for one microtask, nobody was there to close the stream.
  it.each(Array.from({ length: 10 }, (_, ticks) => ticks))(
    'closes the stream: %i ticks later',
    async (ticks) => {
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      const channel = builtInEngine.createStreamChannel(async () => stream);
      const call = new RawCall(channel);
      for (let i = 0; i < ticks; i += 1) await Promise.resolve();
      channel.close();
      expect(await call.ended).toBe(status.UNAVAILABLE);
      await turn();
      expect(stream.destroyed).toBe(true);
    },
  );
});
