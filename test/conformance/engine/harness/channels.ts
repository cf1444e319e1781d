import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connectivityState, credentials, Metadata } from '@grpc/grpc-js';
import type { Lab } from './lab.js';
import type { Channel } from './link.js';

/** An address where nobody listens. */
export async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return `127.0.0.1:${port}`;
}

export function dialNowhere(lab: Lab, target: string, options = {}): Channel {
  const channel = lab.pair.client.createDialChannel(
    target,
    credentials.createInsecure(),
    async (socket) => socket,
    options,
  );
  lab.after(() => channel.close());
  return channel;
}

/** Notes the states that a channel goes through, until it is in `last`. */
export async function statesUntil(channel: Channel, last: connectivityState): Promise<string[]> {
  const seen: string[] = [];
  let state = channel.getConnectivityState(true);
  while (state !== last) {
    seen.push(connectivityState[state]);
    await changeFrom(channel, state);
    state = channel.getConnectivityState(true);
  }
  return [...seen, connectivityState[state]];
}

export function changeFrom(
  channel: Channel,
  state: connectivityState,
  withinMs = 5_000,
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.watchConnectivityState(state, Date.now() + withinMs, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Metadata of a call that waits for a connection. */
export const waiting = (): Metadata => new Metadata({ waitForReady: true });
