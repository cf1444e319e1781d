import type { NetConnectOpts, Socket, TcpNetConnectOpts } from 'node:net';
import { CallCredentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { ownSocket } from '../../../wire/index.js';
import { ConnectionInfo } from '../../connection-info.js';
import type { Upgrade } from '../../grpc-engine.js';
import type { SecureConnector } from '../../grpc-types.js';
import { createSecureConnector } from '../../secure-connector.js';
import { refuseOldTls } from '../../tls-version.js';
import { lookUp } from './addresses.js';
import type { Connected, Connector } from './connector.js';
import { dialRace } from './dial-race.js';
import { isProxied, proxyOf, type Proxy } from './proxy.js';
import { connectThrough, type ProxyDestination } from './proxy-connect.js';
import type { Target } from './target.js';

/** Time limit of the handshakes on a connection if there is another address, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 5000;

/** An address to dial: of the target, or of a proxy that is then asked to connect to `destination`. */
type Route = NetConnectOpts & { readonly destination?: ProxyDestination };

/**
 * Makes connections: dials, secures them with credentials of grpc-js, and passes them through an `Upgrade`.
 * Each attempt resolves the name of the target and tries all addresses until one works. With an HTTP proxy,
 * the addresses are those of the proxy, which resolves the target itself.
 */
export class DialConnector implements Connector {
  readonly callCredentials: CallCredentials | undefined;
  readonly #target: Target;
  readonly #security: SecureConnector;
  readonly #upgrade: Upgrade;
  readonly #proxy: Proxy | undefined;
  readonly #options: ChannelOptions;

  /** @throws ProxyOptionError if the proxy of the options or of the environment is invalid. */
  constructor(
    target: Target,
    credentials: ChannelCredentials,
    upgrade: Upgrade,
    options: ChannelOptions,
  ) {
    this.#target = target;
    this.#upgrade = upgrade;
    this.#options = options;
    this.#proxy = proxyOf(options);
    this.#security = createSecureConnector(credentials, target.uri, options);
    const callCredentials = this.#security.getCallCredentials();
    const areNone = callCredentials._equals(CallCredentials.createEmpty());
    this.callCredentials = areNone ? undefined : callCredentials;
  }

  async connect(signal: AbortSignal): Promise<Connected> {
    await this.#security.waitForReady();
    let left = await this.#routes();
    /** Error of an address that accepted the connection: it takes precedence over failed dials. */
    let refusal: unknown;
    for (;;) {
      const { socket, address, others } = await dialRace(left, signal).catch((error: unknown) => {
        throw refusal ?? error;
      });
      left = others;
      try {
        if (left.length === 0) return await this.#shakeHands(socket, address, signal);
        return await this.#shakeHandsSoon(socket, address, signal);
      } catch (error) {
        if (signal.aborted || left.length === 0) throw error;
        refusal = error;
      }
    }
  }

  destroy(): void {
    this.#security.destroy();
  }

  /** Returns the addresses to dial, with the destination to request if the address is a proxy. */
  #routes(): Promise<Route[]> {
    const proxy = this.#proxy;
    const routes = this.#target.addresses.map((address): Route => {
      if (proxy === undefined || !isProxied(address, this.#options)) return address;
      const { host, port } = address as TcpNetConnectOpts;
      return {
        host: proxy.host,
        port: proxy.port,
        noDelay: true,
        destination: { host: host!, port },
      };
    });
    return lookUp(routes);
  }

  /** Limits the time of the handshakes, to leave some for the other addresses. */
  async #shakeHandsSoon(socket: Socket, route: Route, signal: AbortSignal): Promise<Connected> {
    const tooLate = new AbortController();
    const timer = setTimeout(
      () => tooLate.abort(new Error('no answer in time')),
      HANDSHAKE_TIMEOUT_MS,
    );
    try {
      return await this.#shakeHands(socket, route, AbortSignal.any([signal, tooLate.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #shakeHands(socket: Socket, route: Route, signal: AbortSignal): Promise<Connected> {
    const giveUp = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', giveUp);
    try {
      return await settled(this.#connectTo(route, socket, signal), socket);
    } catch (error) {
      socket.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #connectTo(route: Route, dialed: Socket, signal: AbortSignal): Promise<Connected> {
    const proxy = this.#proxy;
    if (proxy === undefined || route.destination === undefined) return this.#secure(dialed);
    return this.#secure(await connectThrough(proxy, dialed, route.destination, signal));
  }

  async #secure(dialed: Socket): Promise<Connected> {
    const { socket, secure } = await this.#security.connect(dialed);
    // Credentials may leave the secured socket without an error listener: an error would end the process.
    socket.on('error', () => {});
    refuseOldTls(socket);
    ownSocket(socket);
    const info = new ConnectionInfo(socket);
    return { stream: await this.#upgrade(socket), info, secure };
  }
}

/** Settles like `promise`, but rejects if `socket` closes first: `promise` might then never settle. */
function settled<T>(promise: Promise<T>, socket: Socket): Promise<T> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the connection was closed'));
    socket.once('close', onClose);
    promise.then(resolve, reject).finally(() => socket.off('close', onClose));
  });
}
