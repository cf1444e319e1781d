import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Milliseconds until the next address is tried as well (RFC 8305, 5: "Connection Attempt Delay"). */
const HEAD_START_MS = 250;

/** Who answered first. */
export interface Winner<Address extends NetConnectOpts> {
  socket: Socket;
  /** The one of `addresses` that it is connected to. */
  address: Address;
  /** Addresses that have not failed by now, the winner's apart: those to try if that is of no use. */
  others: Address[];
}

/**
 * Dials one address after the other, the next one when one fails or takes long, and gives the first
 * connection that comes about; the others are closed. In contrast to that of `net.connect`, nobody is
 * given up for taking long: that would never reach who is far away and has several addresses.
 *
 * @param signal - gives all of them up.
 * @throws Error (as a rejection) of the last one that failed, or the reason of `signal`.
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
        onError(error as Error); // Of a port that cannot be, which Node throws.
      }
    };
    const dial = (address: Address): void => {
      const socket = connect(address);
      underWay.set(socket, address);
      // Stays for good: between two owners nobody else listens, and an error must not end the process.
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
