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

/** Options of a peer that exists only in a test; all are optional. */
export interface TestPeer {
  /** `Peer.name`. */
  name?: string;
  /** Stubs of the services that the peer serves. */
  services?: TestServices;
  /** `Peer.remoteAddress`. */
  remoteAddress?: string;
  /** `Peer.certificate`, with the fields that the test needs. */
  certificate?: TestCertificate;
}

const RULES: Rules<TestPeer> = {
  name: text,
  services: TEST_SERVICES_RULE,
  remoteAddress: text,
  certificate: opaqueObject(),
};

/**
 * A `Registry` whose peers a test connects and disconnects. Use with
 * `overrideProvider(Registry).useValue(registry)`. Ids, names, `peers$` and `waitFor` are those of the
 * real registry.
 */
export class TestRegistry extends Registry {
  /**
   * Connects a peer.
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
    const id = this.registerBackchannel(connTo(verified), {
      identity: { name: verified.name },
      link,
    });
    const peer = this.get(id)!;
    return peer;
  }

  /**
   * Disconnects a peer, as `peer.close()` does.
   *
   * @param departure - the reason. Default: the peer left.
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
