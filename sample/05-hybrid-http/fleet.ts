import { fileURLToPath } from 'node:url';
import type { CallOptions, Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';

export const fleetProto = {
  package: 'fleet',
  protoPath: fileURLToPath(new URL('fleet.proto', import.meta.url)),
};

export interface Hub {
  join(request: { name: string }): Observable<object>;
}

export interface Agent {
  run(
    request: { command: string },
    metadata?: Metadata,
    options?: CallOptions,
  ): Observable<{ output: string }>;
}
