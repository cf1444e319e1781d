import {
  Metadata,
  status,
  type Client,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Caller } from '../end.js';
import type { Blob, DownloadRequest } from './payload-service.js';

/** As the loader makes stubs. */
interface PayloadStub {
  Echo(request: Blob, callback: (error: ServiceError | null, reply?: Blob) => void): void;
  EchoThroughPeer(
    request: Blob,
    metadata: Metadata,
    callback: (error: ServiceError | null, reply?: Blob) => void,
  ): void;
  Download(request: DownloadRequest): ClientReadableStream<Blob>;
}

/** More than any run receives. */
const ENDLESS = 2 ** 40;

/** Calls by a grpc-js stub of the service `Payload`. */
export class StubCaller implements Caller {
  readonly #stub: PayloadStub;
  readonly #metadata: Metadata;

  /** @param metadata - sent with calls that are to come back. */
  constructor(client: Client, metadata = new Metadata()) {
    this.#stub = client as unknown as PayloadStub;
    this.#metadata = metadata;
  }

  echo(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void {
    this.#stub.Echo({ data }, (error, reply) => callback(error, reply?.data));
  }

  echoThroughPeer(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void {
    this.#stub.EchoThroughPeer({ data }, this.#metadata, (error, reply) =>
      callback(error, reply?.data),
    );
  }

  download(
    size: number,
    onMessage: (data: Buffer) => void,
    onEnd: (error: Error | null) => void,
  ): () => void {
    const call = this.#stub.Download({ bytes: ENDLESS, chunk: size });
    call.on('data', ({ data }: Blob) => onMessage(data));
    call.on('error', (error: ServiceError) =>
      onEnd(error.code === status.CANCELLED ? null : error),
    );
    return () => call.cancel();
  }
}

/** One call with `echo`, whose reply is checked. */
export function echoOnce(echo: Caller['echo'], bytes = 64): Promise<void> {
  return new Promise((resolve, reject) => {
    const data = Buffer.alloc(bytes, 0x5a);
    echo(data, (error, reply) => {
      if (error) reject(error);
      else if (reply?.equals(data)) resolve();
      else reject(new Error('the reply is not what was sent'));
    });
  });
}
