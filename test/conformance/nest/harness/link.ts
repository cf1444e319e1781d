import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StockGrpcOptions } from 'nestjs-backchannel';
import { calledProtos, servedProtos } from './protos.js';

/** Options of Nest's gRPC transport, and the one of ours that goes with `gracefulShutdown`. */
export type GrpcSettings = Partial<StockGrpcOptions> & { drainMs?: number };

/** How one application calls another. */
export interface Link {
  /** Under which an application finds the client of the link. */
  readonly name: string;
  /** Where whoever of the two listens does so. */
  readonly url: string;
  /** Where whoever dials does so; elsewhere if something stands between. */
  readonly dialUrl: string;
  /** Which of those that dialed the listening side it is, counted from 1, if it listens to call. */
  readonly order: number;
  /** Of the application that serves. */
  readonly serving: StockGrpcOptions & GrpcSettings;
  /** Of the application that calls. */
  readonly calling: StockGrpcOptions & GrpcSettings;
}

/**
 * Where sockets are made. The stock server does not tell the port that the system chose, so a name
 * that is free is worth more than a port that may be.
 */
const folder = mkdtempSync(join(tmpdir(), 'parity-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

let sockets = 0;

/** A url that nobody listens on. */
export function freeUrl(): string {
  sockets += 1;
  return `unix:${folder}/${sockets}`;
}

/** A link over which the test services are called. */
export function createLink({
  name = 'LINK',
  url = freeUrl(),
  dialUrl = url,
  order = 1,
  serving = {},
  calling = {},
}: {
  name?: string;
  url?: string;
  dialUrl?: string;
  order?: number;
  serving?: GrpcSettings;
  calling?: GrpcSettings;
} = {}): Link {
  return {
    name,
    url,
    dialUrl,
    order,
    serving: { ...servedProtos, ...serving },
    calling: { ...calledProtos, ...calling },
  };
}
