import { firstValueFrom, from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { gitaly18, gitaly18OnLibp2p, prepareGoPeers } from '../fixtures/interop/go-toolchain.js';
import { blobs, verifyDownload } from '../fixtures/interop/pattern.js';
import { useInterop } from '../fixtures/interop/use-interop.js';

const download = { bytes: 16 * 1024 * 1024, chunk: 64 * 1024 };
const summary = await verifyDownload(from(blobs(download)));

const missing = await prepareGoPeers();

// All else is in go.spec.ts.
describe.skipIf(missing !== undefined)('Gitaly 18, listening for our dialing side', () => {
  const interop = useInterop(gitaly18);

  it('BC-05 opens stream 2 with its first call back, and says nothing before', async () => {
    const { url } = await interop.goListens();
    const relay = await interop.relay(url);
    const client = await interop.dialing({ url: relay.url });
    expect(await verifyDownload(client.payload.download(download))).toEqual(summary);
    expect(relay.said('listening', /SYN/)).toEqual([]);

    await firstValueFrom(client.gitaly.mutator({}));

    expect(client.votes()).toBe(1);
    expect(relay.said('listening', /SYN/)).toEqual([expect.stringMatching(/^W\(SYN,2,/)]);
    expect(relay.said('dialing', /ACK/)).toEqual(['W(ACK,2,0)']);
  });
});

// What libp2p's yamux does in another way than hashicorp's.
describe.skipIf(missing !== undefined)(
  'Gitaly 18 on libp2p, listening for our dialing side',
  () => {
    const interop = useInterop(gitaly18OnLibp2p);

    it('LM-01 has the ping with which it begins answered before it hears of stream 1', async () => {
      const { url } = await interop.goListens();
      const relay = await interop.relay(url, 'P(ACK,0,0)');
      const client = await interop.dialing({ url: relay.url });
      await relay.hears('dialing', /^P\(ACK,0,0\)/);
      expect(relay.said('listening')).toEqual(['P(SYN,0,0)']);

      await firstValueFrom(client.gitaly.mutator({}));

      expect(client.votes()).toBe(1);
    });

    it('BC-05 opens stream 2 with its first call back, and is answered there', async () => {
      const { url } = await interop.goListens();
      const relay = await interop.relay(url);
      const client = await interop.dialing({ url: relay.url });
      expect(await verifyDownload(client.payload.download(download))).toEqual(summary);
      expect(relay.said('listening', /SYN/)).toEqual(['P(SYN,0,0)']);

      await firstValueFrom(client.gitaly.mutator({}));

      expect(client.votes()).toBe(1);
      expect(relay.said('listening', /SYN/)).toEqual(['P(SYN,0,0)', 'W(SYN,2,0)']);
      expect(relay.said('dialing', /ACK/)).toEqual(['P(ACK,0,0)', 'W(ACK,2,0)']);
    });

    it('SD-01 sees us close in order while it calls back: without a GO_AWAY, which it takes for an error', async () => {
      const { url, go } = await interop.goListens();
      const relay = await interop.relay(url);
      const client = await interop.dialing({ url: relay.url });
      const answer = firstValueFrom(client.payload.downloadThroughPeer(download));
      await relay.hears('dialing', /^D\(0,2,/, 10);

      await client.close();

      expect(await answer).toEqual(summary);
      for (const side of ['dialing', 'listening'] as const) {
        await relay.hears(side, /^end$/);
        expect(relay.said(side).at(-1)).toBe('end');
        expect(relay.said(side, /^[GE]|RST/)).toEqual([]);
      }
      expect(await go.close()).toEqual({ closed: 'gracefully' });
      expect(go.log).toBe('');
    });
  },
);
