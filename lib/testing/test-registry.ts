import {
  ClientConn,
  Registry,
  type Departure,
  type Peer,
  type PeerLink,
} from '../backchannel/index.js';
import { builtInEngine, ConnectionInfo } from '../grpc/index.js';
import { opaqueObject, text, verifyOptions, type Rules } from '../options/index.js';
import { MemoryConnection, type TestCertificate } from './memory-connection.js';
import { TEST_SERVICES_RULE, TestStubFactory, type TestServices } from './test-services.js';

/** A peer that exists in a test only; all may be left out. */
export interface TestPeer {
  /** `Peer.name`. */
  name?: string;
  /** What it serves. */
  services?: TestServices;
  /** `Peer.remoteAddress`. */
  remoteAddress?: string;
  /** `Peer.certificate`, as far as the test says what is in it. */
  certificate?: TestCertificate;
}

const RULES: Rules<TestPeer> = {
  name: text,
  services: TEST_SERVICES_RULE,
  remoteAddress: text,
  certificate: opaqueObject(),
};

/**
 * A `Registry` whose peers come and go as a test says: for
 * `overrideProvider(Registry).useValue(registry)`. All else is the real one: ids, names, `peers$`,
 * `waitFor`.
 */
export class TestRegistry extends Registry {
  /**
   * A peer connects.
   *
   * @throws OptionError naming a bad option.
   */
  connect(options: TestPeer = {}): Peer {
    const verified = verifyOptions('TestRegistry.connect', RULES, options);
    const link: PeerLink = {
      connection: connectionOf(verified),
      openStreams: 2,
      close: async (departure) => this.disconnect(peer, departure),
    };
    const id = this.registerBackchannel(connTo(verified), { name: verified.name, link });
    const peer = this.get(id)!;
    return peer;
  }

  /**
   * A peer goes; `peer.close()` does the same.
   *
   * @param departure - why. Default: it left.
   */
  disconnect(peer: Peer, departure: Departure = { cause: 'left' }): void {
    peer.backchannel.close();
    this.removeBackchannel(peer.id, departure);
  }
}

function connTo({ name, services = {} }: TestPeer): ClientConn {
  const owner = name === undefined ? 'this TestPeer' : `TestPeer "${name}"`;
  const stubs = new TestStubFactory(services, owner);
  const channel = builtInEngine.createStreamChannel(() =>
    Promise.reject(new Error(`${owner} is not there: only getService reaches it`)),
  );
  return new ClientConn(channel, [], () => stubs);
}

function connectionOf({ remoteAddress, certificate }: TestPeer): ConnectionInfo {
  const [, listening] = MemoryConnection.pair(certificate);
  return new ConnectionInfo(Object.assign(listening, { remoteAddress }));
}
