import type { AddressInfo } from 'node:net';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import {
  builtInEngine,
  createListener,
  getBackchannel,
  hasBackchannel,
  ListenMux,
  Registry,
  serveConnections,
  ServerHandshaker,
} from 'nestjs-backchannel/core';
import { Gitaly, Praefect } from './protos.js';

function mutator(call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>): void {
  if (!hasBackchannel(call)) {
    console.log('Gitaly responding to a non-multiplexed client');
    return callback(null, {});
  }
  console.log('Gitaly asking the caller for its vote');
  const praefect = getBackchannel(call).client(Praefect);
  praefect['VoteTransaction']!({}, (error: Error | null) => {
    console.log('Gitaly responding to the transactional mutator');
    callback(error, {});
  });
}

/** Serves multiplexed and plain clients on one port. */
export async function listen(): Promise<{ address: string; close(): void }> {
  const server = builtInEngine.createServer();
  server.addService(Gitaly.service, { Mutator: mutator });

  const registry = new Registry();
  const mux = new ListenMux({ onConnection: serveConnections(server) });
  mux.register(new ServerHandshaker(registry));

  const listener = createListener();
  mux.attach(listener);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { address, port } = listener.address() as AddressInfo;

  return {
    address: `${address}:${port}`,
    close() {
      listener.close();
      server.forceShutdown();
    },
  };
}
