import type { ConnectionInfo } from '../../connection-info.js';
import type { ServerCallInterface } from '../../grpc-types.js';
import type { ConnectionMemory } from '../connection-memory.js';
import type { MessageLimits } from '../message-limits.js';
import type { Method } from './service-table.js';

/** Status text of calls whose replies get no memory. */
export const CLOGGED =
  'Replies that wait on this connection need more than "grpc-node.max_session_memory"';

/** The connection of server calls: everything that its calls share. */
export interface ServerCallHost {
  readonly connection: ConnectionInfo;
  readonly limits: MessageLimits;
  /** Memory account of the calls. */
  readonly memory: ConnectionMemory;
  /** Whether too many replies wait: new calls are refused, and in-flight calls end at their next reply. */
  isClogged(): boolean;
  /** Calls the interceptors and the handler of `method`. Called with each valid request, on its own stack. */
  serve(call: ServerCallInterface, method: Method): void;
}
