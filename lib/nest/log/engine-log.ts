import type { Logger } from '@nestjs/common';
import { builtInEngine, type GrpcEngine } from '../../grpc/index.js';

/**
 * Warns that the built-in engine leaves something to grpc-js, which is slower and has other limits.
 *
 * @param what - which channel or server.
 * @param why - undefined if it does not.
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
