import { credentials, Server } from '@grpc/grpc-js';
import { DialingSide, type Connection } from '../sides.js';
import { bind } from './bind.js';
import { payloadService } from './payload-service.js';
import { Payload } from './protos.js';
import { echoOnce, StubCaller } from './stub-caller.js';

/** grpc-js as it comes: each end may have a server, and clients with connections of their own. */
export class GrpcJsPlain extends DialingSide {
  override listen(): Promise<string> {
    const server = new Server();
    server.addService(Payload.service, payloadService());
    return bind(server);
  }

  protected async dial(address: string): Promise<Connection> {
    const client = new Payload(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1, // It shares its connection with no other.
    });
    const caller = new StubCaller(client);
    await echoOnce(caller.echo.bind(caller));
    return { caller, close: () => client.close() };
  }
}
