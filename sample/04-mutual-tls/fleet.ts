import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';

export const fleetProto = {
  package: 'fleet',
  protoPath: fileURLToPath(new URL('fleet.proto', import.meta.url)),
};

export interface Hub {
  whoAmI(request: object): Observable<{ name: string }>;
}

export interface Box {
  status(request: object): Observable<{ status: string }>;
}
