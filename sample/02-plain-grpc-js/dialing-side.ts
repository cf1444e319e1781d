import {
  credentials,
  Server,
  type ChannelCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { ClientHandshaker } from 'nestjs-backchannel';
import { Gitaly, Praefect } from './protos.js';

function voteTransaction(
  _call: ServerUnaryCall<object, object>,
  callback: sendUnaryData<object>,
): void {
  console.log('Praefect voting over the connection it opened');
  callback(null, {});
}

/** What this side serves to the other end; called once for each connection. */
function createServer(): Server {
  const server = new Server();
  server.addService(Praefect.service, { VoteTransaction: voteTransaction });
  return server;
}

export function callMultiplexed(address: string): Promise<void> {
  const handshaker = new ClientHandshaker(createServer);
  return callMutator(address, handshaker.clientHandshake(credentials.createInsecure()));
}

export function callPlain(address: string): Promise<void> {
  return callMutator(address, credentials.createInsecure());
}

async function callMutator(address: string, channelCredentials: ChannelCredentials): Promise<void> {
  const client = new Gitaly(address, channelCredentials);
  try {
    await new Promise<void>((resolve, reject) => {
      client['Mutator']!({}, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  } finally {
    client.close();
  }
}
