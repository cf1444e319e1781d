import {
  func,
  hasMethods,
  isObject,
  like,
  milliseconds,
  opaqueObject,
  required,
  text,
  type Rule,
  type Rules,
} from '../options/index.js';
import type { TestApplication, TestPairOptions } from './create-test-pair.js';
import type { TestCertificate } from './memory-connection.js';
import type { MemoryNetwork } from './memory-network.js';
import type { TestClientOptions } from './test-client.js';
import type { TestPeer } from './test-registry.js';
import type { TestServices } from './test-services.js';

const certificate: Rule<TestCertificate> = opaqueObject();

const application: Rule<TestApplication> = required(
  like(
    'a module, or what Test.createTestingModule gives',
    (value) => typeof value === 'function' || hasMethods(value, []),
  ),
);

const services: Rule<TestServices> = like(
  'an object with a stub for each service',
  (value) => isObject(value) && Object.values(value as Record<string, unknown>).every(isStub),
);

const CONNECTION_STATES = ['idle', 'connecting', 'ready', 'failed', 'closed'];

/** What the options of `createTestPair` may be. */
export const TEST_PAIR_RULES: Rules<TestPairOptions> = {
  listening: application,
  dialing: application,
  certificate,
  network: like<MemoryNetwork>('a MemoryNetwork', (value) =>
    hasMethods(value, ['listen', 'dial', 'isReachable', 'withCertificate']),
  ),
  createApp: func(),
  // Verified by connectBackchannel.
  hybridOptions: opaqueObject(),
  deadlineMs: milliseconds(),
};

/** What the options of `new TestClient` may be. */
export const TEST_CLIENT_RULES: Rules<TestClientOptions> = {
  services,
  connection: like(
    `an object whose "state" is one of ${CONNECTION_STATES.join(', ')}`,
    (value) =>
      hasMethods(value, []) && CONNECTION_STATES.includes((value as { state?: string }).state!),
  ),
};

/** What the options of `TestRegistry.connect` may be. */
export const TEST_PEER_RULES: Rules<TestPeer> = {
  name: text,
  services,
  remoteAddress: text,
  certificate,
};

/** Functions may have methods, too, such as those that a test makes to watch calls. */
function isStub(value: unknown): boolean {
  return typeof value === 'function' || hasMethods(value, []);
}
