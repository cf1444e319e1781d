import { randomUUID } from 'node:crypto';
import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { Callers } from '../callers.js';
import type { CallingEnd } from '../end.js';
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
export class BidiStreamListening implements CallingEnd {
  readonly callers = new Callers();
  readonly #byId = new Map<string, TunnelCaller>();

  async listen(): Promise<string> {
    const server = new Server();
    server.addService(
      Payload.service,
      payloadService((call) => this.#callerOf(call)),
    );
    server.addService(Tunnel.service, {
      Open: (call: ServerDuplexStream<Frame, Frame>) => this.#open(call),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return `127.0.0.1:${port}`;
  }

  connect(): Promise<void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  firstReply(): Promise<() => void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
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

interface TunnelClient {
  stub: StubCaller;
  close(): void;
}

/** The dialing side of it. */
export class BidiStreamDialing implements CallingEnd {
  readonly callers = new Callers();
  readonly #clients: TunnelClient[] = [];

  listen(): Promise<string> {
    return Promise.reject(new Error('it is the other side that listens'));
  }

  async connect(address: string): Promise<void> {
    const client = await this.#dial(address);
    this.#clients.push(client);
    this.callers.add(client.stub);
  }

  disconnect(): Promise<void> {
    for (const client of this.#clients.splice(0)) {
      this.callers.remove(client.stub);
      client.close();
    }
    return Promise.resolve();
  }

  async firstReply(address: string): Promise<() => void> {
    const client = await this.#dial(address);
    return () => client.close();
  }

  /** Resolves once it was called back. */
  async #dial(address: string): Promise<TunnelClient> {
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
    const stub = new StubCaller(client, id);
    await echoOnce(stub.echoThroughPeer.bind(stub));
    return {
      stub,
      close: () => {
        stream.cancel(); // The client would wait for it.
        client.close();
      },
    };
  }
}
