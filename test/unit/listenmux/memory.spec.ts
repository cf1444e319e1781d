import { describe, expect, it } from 'vitest';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { handshaker, useListenMux } from '../../fixtures/listen-mux.js';
import { eventually } from '../../fixtures/nest/eventually.js';

const KIB = 1024;
const CONNECTIONS = 400;

describe('connections that have not said what they are', () => {
  const createMux = useListenMux();

  it('cost little more than their sockets, those of the clients included', async () => {
    const { mux, dial, errors } = await start();
    const connect = async (count: number): Promise<void> => {
      for (let dialed = 0; dialed < count; dialed += 100) {
        const clients = await Promise.all(Array.from({ length: 100 }, dial));
        for (const client of clients) client.write('testmagic1'); // One byte is missing.
      }
    };
    await connect(100);
    const before = await memoryUsed();

    await connect(CONNECTIONS);
    await eventually(() => mux.pendingCount).toBe(100 + CONNECTIONS);

    expect((await memoryUsed()) - before).toBeLessThan(CONNECTIONS * 16 * KIB);
    expect(errors).toEqual([]);
  });

  async function start() {
    const underTest = await createMux({ maxHandshakes: Infinity });
    underTest.mux.register(handshaker(() => Promise.reject(new Error('called too early'))));
    return { mux: underTest.mux, errors: underTest.errors, dial: () => underTest.dial() };
  }
});
