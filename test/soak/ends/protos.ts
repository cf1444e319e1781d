import { fileURLToPath } from 'node:url';
import {
  loadPackageDefinition,
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type GrpcObject,
  type requestCallback,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ClientConstructor } from '../../../lib/backchannel/index.js';

export interface Blob {
  data: Buffer;
}

export interface Task extends Blob {
  action?: 'ANSWER' | 'REFUSE' | 'HOLD' | undefined;
  replies?: number;
  cutAfterMs?: number;
  seed?: number;
}

type UnaryMethod = (
  task: Task,
  options: CallOptions,
  callback: requestCallback<Blob>,
) => ClientUnaryCall;

export interface SoakClient extends Client {
  Unary: UnaryMethod;
  ClientStream(options: CallOptions, callback: requestCallback<Blob>): ClientWritableStream<Task>;
  ServerStream(task: Task, options: CallOptions): ClientReadableStream<Blob>;
  Bidi(options: CallOptions): ClientDuplexStream<Task, Blob>;
}

export interface HostClient extends Client {
  CallBack: UnaryMethod;
  CallMany: UnaryMethod;
  HangUp: UnaryMethod;
  Cut: UnaryMethod;
}

const file = fileURLToPath(new URL('../soak.proto', import.meta.url));
const loaded = loadPackageDefinition(loadSync(file, { enums: String, defaults: true }))[
  'soak'
] as GrpcObject;

type Stubs<T extends Client> = ClientConstructor<T> & { service: never };

export const Soak = loaded['Soak'] as unknown as Stubs<SoakClient>;
export const Host = loaded['Host'] as unknown as Stubs<HostClient>;
