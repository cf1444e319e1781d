import { credentials, Server, ServerCredentials, type Client } from '@grpc/grpc-js';
import { Callers } from '../callers.js';
import type { CallingEnd } from '../end.js';
import { payloadService } from './payload-service.js';
import { Payload } from './protos.js';
import { echoOnce, StubCaller } from './stub-caller.js';

/** grpc-js as it comes: each end may have a server, and clients with connections of their own. */
export class GrpcJsPlain implements CallingEnd {
  readonly callers = new Callers();
  readonly #clients: { client: Client; caller: StubCaller }[] = [];

  async listen(): Promise<string> {
    const server = new Server();
    server.addService(Payload.service, payloadService());
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return `127.0.0.1:${port}`;
  }

  async connect(address: string): Promise<void> {
    const client = dial(address);
    const caller = new StubCaller(client);
    await echoOnce(caller.echo.bind(caller));
    this.#clients.push({ client, caller });
    this.callers.add(caller);
  }

  disconnect(): Promise<void> {
    for (const { client, caller } of this.#clients.splice(0)) {
      this.callers.remove(caller);
      client.close();
    }
    return Promise.resolve();
  }

  async firstReply(address: string): Promise<() => void> {
    const client = dial(address);
    const caller = new StubCaller(client);
    await echoOnce(caller.echo.bind(caller));
    return () => client.close();
  }
}

/** A client that shares its connection with no other. */
function dial(address: string): Client {
  return new Payload(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}
