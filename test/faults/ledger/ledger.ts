import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type {
  CallOptions,
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  Metadata,
  ServiceError,
} from '@grpc/grpc-js';
import type { Observable } from 'rxjs';

// Read once, for any number of applications.
const ledgerProto = {
  package: 'ledger',
  packageDefinition: loadSync(fileURLToPath(new URL('ledger.proto', import.meta.url))),
};

/** `Ledger` in both directions. */
export const ledgerServices = { ...ledgerProto, backchannel: ledgerProto };

/** Entries of a stream. */
export const ENTRIES = 3;

export interface Entry {
  number: number;
  held?: boolean;
}

export interface Order {
  bytes: number;
}

export interface Piece {
  data: Buffer;
}

export interface Digest {
  bytes: number;
  sha256: string;
}

/** The stub that Nest makes. */
export interface Ledger {
  unary(entry: Entry, metadata: Metadata): Observable<Entry>;
  serverStream(entry: Entry, metadata: Metadata): Observable<Entry>;
  clientStream(entries: Observable<Entry>, metadata: Metadata): Observable<Entry>;
  bidiStream(entries: Observable<Entry>, metadata: Metadata): Observable<Entry>;
  download(order: Order): Observable<Piece>;
  upload(pieces: Observable<Piece>): Observable<Digest>;
}

type Callback = (error: ServiceError | null, entry?: Entry) => void;

/** The stub that grpc-js makes. */
export interface LedgerClient extends Client {
  unary(
    entry: Entry,
    metadata: Metadata,
    options: CallOptions,
    callback: Callback,
  ): ClientUnaryCall;
  serverStream(entry: Entry, metadata: Metadata, options: CallOptions): ClientReadableStream<Entry>;
  clientStream(
    metadata: Metadata,
    options: CallOptions,
    callback: Callback,
  ): ClientWritableStream<Entry>;
  bidiStream(metadata: Metadata, options: CallOptions): ClientDuplexStream<Entry, Entry>;
}
