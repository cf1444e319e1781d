import { fileURLToPath } from 'node:url';
import type { Observable } from 'rxjs';

const protoPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Neither proto file has a package: on the wire the calls are `/Gitaly/Mutator` and so on. */
export const gitalyProto = { package: '', protoPath: protoPath('gitaly.proto') };
export const praefectProto = { package: '', protoPath: protoPath('praefect.proto') };

export interface Gitaly {
  mutator(request: object): Observable<object>;
}

export interface Praefect {
  voteTransaction(request: object): Observable<object>;
}
