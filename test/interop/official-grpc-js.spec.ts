import { describe, it, vi } from 'vitest';
import { clientCases } from '../fixtures/interop/official/cases/index.js';
import { grounds } from '../fixtures/interop/official/grounds.js';
import { useOfficial } from '../fixtures/interop/official/use-official.js';

// What a server on grpc-js can do: it never compresses a reply, and does not say how a request came.
const toOurs = Object.entries(clientCases).filter(
  ([title]) => !title.startsWith('server_compressed'),
);
const toStock = toOurs.filter(([title]) => !title.includes('compressed'));

vi.setConfig({ testTimeout: 20_000 });

describe.each(grounds)(
  'the official gRPC interop cases, grpc-js at the other end of a plain port, engine %s',
  (_name, ground) => {
    const official = useOfficial(ground);

    describe("grpc-js' client", () => {
      it.each(toOurs)('%s', async (title, run) => run(await official.fromStockClient(title)));
    });

    describe("grpc-js' server", () => {
      it.each(toStock)('%s', async (title, run) => run(await official.toStockServer(title)));
    });
  },
);
