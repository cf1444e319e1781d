import type { Duplex } from 'node:stream';
import type { OpenedConnection } from './grpc-engine.js';

/** Returns an opened stream with the facts about it; a bare stream has none. */
export function toOpened(opened: Duplex | OpenedConnection): OpenedConnection {
  return 'stream' in opened ? opened : { stream: opened };
}
