import { afterEach, describe, expect, it } from 'vitest';
import type { Http2Connection } from '../../../lib/http2/index.js';
import {
  bytesOf,
  closing,
  DEFAULT_WINDOW,
  KiB,
  Recorder,
  REQUEST_HEADERS,
  send,
  setUp,
  settings,
  settle,
} from '../../fixtures/http2/connections.js';
import { TYPE } from '../../fixtures/http2/raw-client.js';

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Opens streams while there is room, 1000 at most. Returns their number. */
function fill(connection: Http2Connection, headers = REQUEST_HEADERS): number {
  let opened = 0;
  for (; connection.hasRoom && opened < 1000; opened += 1) {
    connection.request(headers, new Recorder());
  }
  return opened;
}

describe('a client whose server has not sent SETTINGS', () => {
  it('opens 100 streams', async () => {
    const { connection, peer } = await setUp({ role: 'client' });
    expect(fill(connection)).toBe(100);
    expect(() => send(connection)).toThrow('the connection takes no new streams');

    peer.write(settings());
    await settle(peer);

    expect(connection.isReady).toBe(true);
    expect(fill(connection)).toBe(1000);
  });

  it('opens no streams after 24 KiB', async () => {
    const { connection } = await setUp({ role: 'client' });
    const secret = ['authorization', 'x'.repeat(KiB)];

    const opened = fill(connection, [...REQUEST_HEADERS, ...secret]);

    expect(opened).toBeGreaterThan(20);
    expect(opened).toBeLessThan(40);
  });

  it('sends 16 KiB of DATA on all streams, and the rest of the window after them', async () => {
    const { connection, peer } = await setUp({ role: 'client' });
    for (let i = 0; i < 2; i += 1) {
      send(connection, false).stream!.write([Buffer.alloc(DEFAULT_WINDOW)], DEFAULT_WINDOW);
    }
    let early = 0;
    while (early < 16 * KiB) {
      const { type, payload } = (await peer.next())!;
      if (type === TYPE.data) early += payload.length;
    }

    peer.write(settings());
    const frames = await settle(peer);

    const first = frames.findIndex(({ type }) => type === TYPE.settings);
    expect(early + bytesOf(frames.slice(0, first))).toBe(16 * KiB);
    expect(early + bytesOf(frames)).toBe(DEFAULT_WINDOW);
  });
});
