import { describe, it, vi } from 'vitest';
import { prepareGoPeers } from '../fixtures/interop/go-toolchain.js';
import { clientCases } from '../fixtures/interop/official/cases/index.js';
import { grounds } from '../fixtures/interop/official/grounds.js';
import { useOfficial } from '../fixtures/interop/official/use-official.js';

const cases = Object.entries(clientCases);

vi.setConfig({ testTimeout: 20_000 });

const missing = await prepareGoPeers();

describe.skipIf(missing !== undefined).each(grounds)(
  "the official gRPC interop cases, grpc-go's server, engine %s",
  (_name, ground) => {
    const official = useOfficial(ground);

    describe('plain port', () => {
      it.each(cases)('%s', async (title, run) => run(await official.toGo(title)));
    });

    describe('multiplexed', () => {
      it.each(cases)('%s', async (title, run) => run(await official.toGoMultiplexed(title)));
    });

    describe('through the backchannel', () => {
      it.each(cases)('%s', async (title, run) => run(await official.toGoBack(title)));
    });
  },
);
