import { createRequire } from 'node:module';
import { getGrpcPackageDefinition } from '@nestjs/microservices';
import type { StockGrpcOptions } from '../options/options.js';
import type { PackageDefinition } from './package-tree.js';

const DEFAULT_LOADER = '@grpc/proto-loader';

/** Resolves packages from the location of `@nestjs/microservices`, as Nest does. */
const requireAsNest = createRequire(
  createRequire(import.meta.url).resolve('@nestjs/microservices'),
);

/**
 * Loads the proto files of the options. Returns undefined if they cannot be loaded; Nest then reports the
 * error itself.
 */
export function loadPackages(options: StockGrpcOptions): PackageDefinition | undefined {
  try {
    const loader: unknown = requireAsNest(options.protoLoader ?? DEFAULT_LOADER);
    return getGrpcPackageDefinition(options, loader) as PackageDefinition;
  } catch {
    return undefined;
  }
}
