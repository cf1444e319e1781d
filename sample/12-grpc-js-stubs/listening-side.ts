import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  builtInEngine,
  createListener,
  ListenMux,
  Registry,
  serveConnections,
  ServerHandshaker,
} from 'nestjs-backchannel/core';
import { NumbersClient, NumbersService } from './generated/numbers.js';
import { handlers } from './handlers.js';

/** The listening side. */
export interface ListeningSide {
  readonly address: string;
  /** Resolves with a stub of the first peer. */
  peer(): Promise<NumbersClient>;
  close(): void;
}

/** Serves `Numbers`, and registers the peers. */
export async function listen(): Promise<ListeningSide> {
  const server = builtInEngine.createServer();
  server.addService(NumbersService, handlers);

  const registry = new Registry();
  const mux = new ListenMux({ onConnection: serveConnections(server) });
  mux.register(new ServerHandshaker(registry));

  const listener = createListener();
  mux.attach(listener);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { address, port } = listener.address() as AddressInfo;

  return {
    address: `${address}:${port}`,
    peer: async () => (await registry.waitFor()).backchannel.client(NumbersClient),
    close() {
      listener.close();
      mux.close();
      server.forceShutdown();
    },
  };
}
