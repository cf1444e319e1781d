/**
 * For tests of applications: both sides in one process without a port, and test doubles of peers and
 * clients.
 *
 * @module nestjs-backchannel/testing
 */

export { createTestPair, type TestApplication, type TestPairOptions } from './create-test-pair.js';
export type { TestCertificate } from './memory-connection.js';
export { MemoryNetwork, type MemoryAcceptor, type MemoryCarrier } from './memory-network.js';
export { TestClient, type TestClientOptions } from './test-client.js';
export type { TestPair } from './test-pair.js';
export { TestRegistry, type TestPeer } from './test-registry.js';
export type { TestServices } from './test-services.js';
export { createTestStub, type TestMethods, type TestReply } from './test-stub.js';
export type { CompiledModule, ModuleBuilder } from './testing-module.js';
