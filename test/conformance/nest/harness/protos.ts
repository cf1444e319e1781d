import { fileURLToPath } from 'node:url';
import type { CallOptions, Client, Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';

const folder = fileURLToPath(new URL('../protos', import.meta.url));

/** What the serving application is told to serve: two packages, of two files. */
export const servedProtos = {
  package: ['parity', 'other.deep.v1'],
  protoPath: ['parity.proto', 'deep.proto'],
  loader: { includeDirs: [folder], keepCase: true },
};

/** What the calling application calls: those two, and one that Nest does not serve. */
export const calledProtos = {
  package: [...servedProtos.package, 'handmade'],
  protoPath: [...servedProtos.protoPath, 'handmade.proto'],
  loader: servedProtos.loader,
};

/** Where the proto of the handmade service is. */
export const handmadeProto = `${folder}/handmade.proto`;

export interface Text {
  text: string;
}

/** A method of Nest's stubs with one request. */
type OfOne = (request: Text, metadata?: Metadata, options?: CallOptions) => Observable<Text>;

/** A method of Nest's stubs with many requests. */
type OfMany = (requests: Observable<Text>, metadata?: Metadata) => Observable<Text>;

/** The six ways to handle a call that Nest has. */
export interface Kinds {
  Unary: OfOne;
  ServerStream: OfOne;
  ClientStream: OfMany;
  Bidi: OfMany;
  CallClientStream: OfMany;
  CallBidi: OfMany;
}

export type Kind = keyof Kinds;

export const KINDS: readonly Kind[] = [
  'Unary',
  'ServerStream',
  'ClientStream',
  'Bidi',
  'CallClientStream',
  'CallBidi',
];

/** Those whose handlers are given an observable of requests, or the call itself. */
export const OF_MANY: readonly string[] = ['ClientStream', 'Bidi', 'CallClientStream', 'CallBidi'];

/** Services with those six methods. */
export type KindsService =
  'Kinds' | 'Failing' | 'Filtered' | 'BrokenFilter' | 'Guarded' | 'Enhanced' | 'Scoped';

/** A service of methods by name; scenarios know which they call. */
export type Stub = Record<string, OfOne & OfMany>;

/** A stub of grpc-js; scenarios know which methods it has. */
export type GrpcJsStub = Client & Record<string, (...args: never[]) => never>;
