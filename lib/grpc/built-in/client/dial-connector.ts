import type { Socket } from 'node:net';
import { CallCredentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { ConnectionInfo } from '../../connection-info.js';
import type { Upgrade } from '../../grpc-engine.js';
import type { SecureConnector } from '../../grpc-types.js';
import { refuseOldTls } from '../../tls-version.js';
import { lookUp } from './addresses.js';
import type { Connected, Connector } from './connector.js';
import { dialRace } from './dial-race.js';
import type { Target } from './target.js';

/** Milliseconds that the other end of a connection has to shake hands, if there is another address. */
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * Connections that are dialed, secured by credentials of grpc-js, and passed through an `Upgrade`.
 * Each attempt looks the target's name up anew, and tries all of its addresses until one is good.
 */
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
    let left = await lookUp(this.#target.addresses);
    /** Of who answered, which says more than that others do not. */
    let refusal: unknown;
    for (;;) {
      const { socket, others } = await dialRace(left, signal).catch((error: unknown) => {
        throw refusal ?? error;
      });
      left = others;
      try {
        if (left.length === 0) return await this.#shakeHands(socket, signal);
        return await this.#shakeHandsSoon(socket, signal);
      } catch (error) {
        if (signal.aborted || left.length === 0) throw error;
        refusal = error;
      }
    }
  }

  destroy(): void {
    this.#security.destroy();
  }

  /** An address must not use up the time of those behind it. */
  async #shakeHandsSoon(socket: Socket, signal: AbortSignal): Promise<Connected> {
    const tooLate = new AbortController();
    const timer = setTimeout(
      () => tooLate.abort(new Error('no answer in time')),
      HANDSHAKE_TIMEOUT_MS,
    );
    try {
      return await this.#shakeHands(socket, AbortSignal.any([signal, tooLate.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #shakeHands(socket: Socket, signal: AbortSignal): Promise<Connected> {
    const giveUp = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', giveUp);
    try {
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
    // As on the dialed socket: not all credentials leave a listener on what they made of it.
    socket.on('error', () => {});
    refuseOldTls(socket);
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
