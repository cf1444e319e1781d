import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';

export const fleetProto = {
  package: 'fleet',
  protoPath: fileURLToPath(new URL('fleet.proto', import.meta.url)),
};

export interface Hub {
  greet(request: { name: string }): Observable<{ text: string }>;
}
