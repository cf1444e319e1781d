import { credentials } from '@grpc/grpc-js';
import { builtInEngine, ClientHandshaker, type StreamServer } from 'nestjs-backchannel/core';
import { NumbersClient, NumbersService } from './generated/numbers.js';
import { handlers } from './handlers.js';

/** What this side serves to the other end; called once for each connection. */
function createServer(): StreamServer {
  const server = builtInEngine.createServer();
  server.addService(NumbersService, handlers);
  return server;
}

/** The dialing side. */
export interface DialingSide {
  /** A stub of the listening side. */
  readonly hub: NumbersClient;
  close(): Promise<void>;
}

/** Serves `Numbers` to the listening side at `address`, and calls it. */
export function dial(address: string): DialingSide {
  const handshaker = new ClientHandshaker(createServer);
  const insecure = credentials.createInsecure();
  const channel = handshaker.createChannel(address, insecure);
  channel.getConnectivityState(true); // connects now, so that the listening side has a peer
  return {
    hub: new NumbersClient(address, insecure, { channelOverride: channel }),
    async close() {
      channel.close();
      await handshaker.close();
    },
  };
}
