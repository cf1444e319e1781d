import type { Logger } from '@nestjs/common';
import { builtInEngine, type GrpcEngine } from '../../grpc/index.js';

/**
 * Warns that a channel or server runs on grpc-js although the built-in engine is chosen: grpc-js is slower
 * and has other limits.
 *
 * @param what - the channel or server.
 * @param why - the reason; undefined if the channel or server runs on the chosen engine.
 */
export function logLeftToGrpcJs(
  logger: Pick<Logger, 'warn'>,
  engine: GrpcEngine,
  what: string,
  why: string | undefined,
): void {
  if (engine !== builtInEngine || why === undefined) return;
  logger.warn(`${what} runs on grpc-js, not on the built-in engine: ${why}`);
}
