import {
  credentials,
  type ClientOptions,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { builtInEngine, ClientHandshaker, type StreamServer } from 'nestjs-backchannel/core';
import { Gitaly, Praefect } from './protos.js';

function voteTransaction(
  _call: ServerUnaryCall<object, object>,
  callback: sendUnaryData<object>,
): void {
  console.log('Praefect voting over the connection it opened');
  callback(null, {});
}

/** What this side serves to the other end; called once for each connection. */
function createServer(): StreamServer {
  const server = builtInEngine.createServer();
  server.addService(Praefect.service, { VoteTransaction: voteTransaction });
  return server;
}

export function callMultiplexed(address: string): Promise<void> {
  const handshaker = new ClientHandshaker(createServer);
  const channelOverride = handshaker.createChannel(address, credentials.createInsecure());
  return callMutator(address, { channelOverride });
}

export function callPlain(address: string): Promise<void> {
  return callMutator(address);
}

async function callMutator(address: string, options?: ClientOptions): Promise<void> {
  const client = new Gitaly(address, credentials.createInsecure(), options);
  try {
    await new Promise<void>((resolve, reject) => {
      client['Mutator']!({}, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  } finally {
    client.close();
  }
}
