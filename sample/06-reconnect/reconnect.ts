import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';

export const reconnectProto = {
  package: 'reconnect',
  protoPath: fileURLToPath(new URL('reconnect.proto', import.meta.url)),
};

export interface Agent {
  greet(request: object): Observable<{ times: number }>;
}

/** Where the hub listens: any url of gRPC, `unix:` among them. */
export const hubUrl = process.env['HUB_URL'] ?? '127.0.0.1:50051';
