import { once } from 'node:events';
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net';
import { CallCredentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { ConnectionInfo } from '../../connection-info.js';
import type { Upgrade } from '../../grpc-engine.js';
import type { SecureConnector } from '../../grpc-types.js';
import type { Connected, Connector } from './connector.js';
import type { Target } from './target.js';

/** Milliseconds that an address has if there is another one to try. */
const ADDRESS_TIMEOUT_MS = 2000;

/** Connections that are dialed, secured by credentials of grpc-js, and passed through an `Upgrade`. */
export class DialConnector implements Connector {
  readonly callCredentials: CallCredentials | undefined;
  readonly #target: Target;
  readonly #security: SecureConnector;
  readonly #upgrade: Upgrade;

  constructor(
    target: Target,
    credentials: ChannelCredentials,
    upgrade: Upgrade,
    options: ChannelOptions,
  ) {
    this.#target = target;
    this.#upgrade = upgrade;
    this.#security = credentials._createSecureConnector(target.uri, options);
    const callCredentials = this.#security.getCallCredentials();
    const areNone = callCredentials._equals(CallCredentials.createEmpty());
    this.callCredentials = areNone ? undefined : callCredentials;
  }

  async connect(signal: AbortSignal): Promise<Connected> {
    await this.#security.waitForReady();
    const { addresses } = this.#target;
    for (const address of addresses.slice(0, -1)) {
      const connected = await this.#connectSoon(address, signal);
      if (connected) return connected;
      signal.throwIfAborted();
    }
    return this.#connectTo(addresses.at(-1)!, signal);
  }

  destroy(): void {
    this.#security.destroy();
  }

  /** Gives nothing if it fails: an address must not use up the time of those behind it. */
  async #connectSoon(address: NetConnectOpts, signal: AbortSignal): Promise<Connected | undefined> {
    const tooLate = new AbortController();
    const timer = setTimeout(
      () => tooLate.abort(new Error('no answer in time')),
      ADDRESS_TIMEOUT_MS,
    );
    try {
      return await this.#connectTo(address, AbortSignal.any([signal, tooLate.signal]));
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async #connectTo(address: NetConnectOpts, signal: AbortSignal): Promise<Connected> {
    const socket = connectSocket(address);
    // Stays for good: between two owners nobody else listens, and an error must not end the process.
    socket.on('error', () => {});
    const giveUp = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', giveUp);
    try {
      await once(socket, 'connect', { signal });
      return await settled(this.#secure(socket), socket);
    } catch (error) {
      socket.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #secure(dialed: Socket): Promise<Connected> {
    const { socket, secure } = await this.#security.connect(dialed);
    const info = new ConnectionInfo(socket);
    return { stream: await this.#upgrade(socket), info, secure };
  }
}

/** What `promise` gives, unless `socket` closes first: nobody would settle it then. */
function settled<T>(promise: Promise<T>, socket: Socket): Promise<T> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the connection was closed'));
    socket.once('close', onClose);
    promise.then(resolve, reject).finally(() => socket.off('close', onClose));
  });
}
