import { randomUUID } from 'node:crypto';
import {
  credentials,
  Metadata,
  Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { DialingSide, ListeningSide, type Connection } from '../sides.js';
import { bind } from './bind.js';
import { payloadService, type Blob } from './payload-service.js';
import { loadTunnel, Payload } from './protos.js';
import { echoOnce, StubCaller } from './stub-caller.js';
import { TunnelCaller } from './tunnel-caller.js';
import type { Frame, FrameStream } from './tunnel-frames.js';
import { serveTunnel } from './tunnel-service.js';

const Tunnel = loadTunnel();

/** Header by which the listening side knows whose tunnel leads to the client of a call. */
const CLIENT_ID = 'client-id';

/** What is done today: forward calls are plain ones, calls back are messages on a stream. */
export class BidiStreamListening extends ListeningSide {
  readonly #byId = new Map<string, TunnelCaller>();

  listen(): Promise<string> {
    const server = new Server();
    server.addService(
      Payload.service,
      payloadService((call) => this.#callerOf(call)),
    );
    server.addService(Tunnel.service, {
      Open: (call: ServerDuplexStream<Frame, Frame>) => this.#open(call),
    });
    return bind(server);
  }

  #open(call: ServerDuplexStream<Frame, Frame>): void {
    const id = String(call.metadata.get(CLIENT_ID)[0]);
    const caller = new TunnelCaller(call as unknown as FrameStream);
    this.#byId.set(id, caller);
    this.callers.add(caller);
    const leave = (): void => {
      if (!this.#byId.delete(id)) return;
      this.callers.remove(caller);
      caller.fail(new Error('the tunnel was closed'));
    };
    call.on('cancelled', leave);
    call.on('error', leave);
    call.on('end', () => {
      leave();
      call.end();
    });
  }

  #callerOf(call: ServerUnaryCall<Blob, Blob>): TunnelCaller {
    const caller = this.#byId.get(String(call.metadata.get(CLIENT_ID)[0]));
    if (caller === undefined) throw new Error('the client has no tunnel');
    return caller;
  }
}

interface TunnelStub {
  Open(metadata: Metadata): FrameStream & { cancel(): void };
}

/** The dialing side of it. */
export class BidiStreamDialing extends DialingSide {
  protected async dial(address: string): Promise<Connection> {
    const id = new Metadata();
    id.set(CLIENT_ID, randomUUID());
    const client = new Payload(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const tunnels = new Tunnel(address, credentials.createInsecure(), {
      channelOverride: client.getChannel(),
    });
    const stream = (tunnels as unknown as TunnelStub).Open(id);
    stream.on('error', () => {}); // It ends with the client.
    serveTunnel(stream);
    const caller = new StubCaller(client, id);
    await echoOnce(caller.echoThroughPeer.bind(caller));
    return {
      caller,
      close: () => {
        stream.cancel(); // The client would wait for it.
        client.close();
      },
    };
  }
}
