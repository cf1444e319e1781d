import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { USER_AGENT } from '../../../lib/grpc/built-in/version.js';

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };

it('says the version of the package on the wire', () => {
  expect(USER_AGENT).toBe(`grpc-node-backchannel/${version}`);
});
