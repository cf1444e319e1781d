import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Milliseconds until the next address is dialed as well (RFC 8305, 5: "Connection Attempt Delay"). */
const HEAD_START_MS = 250;

/** The first connection that was established. */
export interface Winner<Address extends NetConnectOpts> {
  socket: Socket;
  /** The address that `socket` is connected to. */
  address: Address;
  /** Other addresses that have not failed: to be tried if the connection proves unusable. */
  others: Address[];
}

/**
 * Dials addresses one after the other, the next one when one fails or is slow, and returns the first
 * established connection. The other attempts are aborted. Slow attempts continue meanwhile. `net.connect`
 * aborts them, and so may never reach a distant peer with several addresses.
 *
 * @param signal - aborts all attempts.
 * @throws Error (as a rejection) of the last failed attempt, or the reason of `signal`.
 */
export function dialRace<Address extends NetConnectOpts>(
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Winner<Address>> {
  return new Promise((resolve, reject) => {
    const underWay = new Map<Socket, Address>();
    const waiting = [...addresses];
    let timer: NodeJS.Timeout | undefined;

    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      for (const socket of underWay.keys()) socket.destroy();
      underWay.clear();
    };
    const giveUp = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const onError = (error: Error): void => {
      if (waiting.length > 0) return dialNext();
      if (underWay.size > 0) return;
      finish();
      reject(error);
    };
    const onConnect = (socket: Socket): void => {
      const address = underWay.get(socket)!;
      underWay.delete(socket);
      const others = [...underWay.values(), ...waiting];
      finish();
      resolve({ socket, address, others });
    };
    const dialNext = (): void => {
      clearTimeout(timer);
      const address = waiting.shift()!;
      if (waiting.length > 0) timer = setTimeout(dialNext, HEAD_START_MS).unref();
      try {
        dial(address);
      } catch (error) {
        onError(error as Error); // Node throws for an invalid port.
      }
    };
    const dial = (address: Address): void => {
      const socket = connect(address);
      underWay.set(socket, address);
      // Never removed: between two owners there is no other listener, and an error must not end the
      // process.
      socket.on('error', (error) => {
        if (underWay.delete(socket)) onError(error);
      });
      socket.once('connect', () => onConnect(socket));
    };

    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    else dialNext();
  });
}
