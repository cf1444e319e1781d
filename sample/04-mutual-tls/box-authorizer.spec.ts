import { onTestFinished, expect, it } from 'vitest';
import { createTestPair, type TestPair } from 'nestjs-backchannel/testing';
import { BoxModule } from './box.module.js';
import { HubModule } from './hub.module.js';

/** Hub and box without TLS, as if the box had shown a certificate with this common name. */
async function startPair(commonName: string, deadlineMs = 5000): Promise<TestPair> {
  const pair = await createTestPair({
    listening: HubModule,
    dialing: BoxModule.dialing('hub'),
    certificate: { subject: { CN: commonName } },
    deadlineMs,
  });
  onTestFinished(() => pair.close());
  return pair;
}

it('calls a box on the list what its certificate says', async () => {
  const pair = await startPair('box-1');

  expect(pair.registry.named('box-1')).toBe(pair.peer);
});

it('refuses a box that is not on the list, and tells it so', async () => {
  await expect(startPair('box-3', 1000)).rejects.toThrow('peer refused: box-3 is not on the list');
});
