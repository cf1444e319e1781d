import { execFile } from 'node:child_process';
import type { Server } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHelloServer } from '../fixtures/http2/hello-server.js';
import { startPlainPort } from '../fixtures/http2/plain-port.js';
import { prepareGoPeers } from '../fixtures/interop/go-toolchain.js';

const H2SPEC = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible';

const skipped = await prepareGoPeers();

const servers = [
  { title: 'our HTTP/2', start: startHelloServer },
  { title: "the plain port of the built-in engine's server", start: startPlainPort },
];

describe.skipIf(skipped !== undefined).each(servers)(
  '$title under h2spec --strict',
  ({ start }) => {
    let server: Server;
    let port: number;

    beforeAll(async () => {
      ({ server, port } = await start());
    });

    afterAll(() => server.close());

    it.each(['generic', 'http2', 'hpack'])('passes all of %s', async (part) => {
      const args = ['run', H2SPEC, part, '--strict', '-h', '127.0.0.1', '-p', String(port)];

      const { stdout } = await promisify(execFile)('go', args, { timeout: 100_000 }).catch(
        (error: { stdout: string }) => error,
      );

      const [, tests, passed] = /(\d+) tests, (\d+) passed/.exec(stdout) ?? [];
      expect(passed, stdout).toBe(tests);
      expect(Number(tests)).toBeGreaterThan(0);
    });
  },
);
