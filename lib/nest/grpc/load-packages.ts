import { createRequire } from 'node:module';
import { getGrpcPackageDefinition } from '@nestjs/microservices';
import type { StockGrpcOptions } from '../options/options.js';
import type { PackageDefinition } from './package-tree.js';

const DEFAULT_LOADER = '@grpc/proto-loader';

/** Finds packages where Nest does. */
const requireAsNest = createRequire(
  createRequire(import.meta.url).resolve('@nestjs/microservices'),
);

/**
 * What the proto files of the options say, or undefined if they cannot be loaded: Nest then tells why in
 * its own words.
 */
export function loadPackages(options: StockGrpcOptions): PackageDefinition | undefined {
  try {
    const loader: unknown = requireAsNest(options.protoLoader ?? DEFAULT_LOADER);
    return getGrpcPackageDefinition(options, loader) as PackageDefinition;
  } catch {
    return undefined;
  }
}
