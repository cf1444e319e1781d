import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { Observable } from 'rxjs';
import { ClientConn } from '../../backchannel/index.js';

/** Where TypeScript keeps the types of parameters. */
const PARAMETER_TYPES = 'design:paramtypes';

/** Types of arguments that are no data: a copy of one of them is of no use. */
const NO_DATA: readonly Function[] = [Observable, EventEmitter, Metadata, ClientConn];

const scanner = new MetadataScanner();

/**
 * Has pipes take streams, calls, metadata and connections as they are. A `ValidationPipe` makes an
 * instance of the type of the parameter from what it is given: of `Observable`, or `Duplex`, that is an
 * empty one, and the caller of a handler that reads from it waits for ever.
 *
 * The type of such parameters of gRPC handlers becomes `Object`, as TypeScript has it for interfaces;
 * pipes still get the argument. To be called before Nest registers the handlers.
 */
export function hideStreamTypes(modules: ModulesContainer): void {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (metatype) hideTypesOf((metatype as Function).prototype as object);
    }
  }
}

function hideTypesOf(prototype: object): void {
  for (const name of scanner.getAllMethodNames(prototype)) {
    if (!isGrpcHandler((prototype as Record<string, unknown>)[name])) continue;
    // A method that is inherited has its types where it was declared.
    for (let owner = prototype; owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
      const types = Reflect.getOwnMetadata(PARAMETER_TYPES, owner, name) as unknown[] | undefined;
      if (types === undefined) continue;
      const shown = types.map((type) => (isNoData(type) ? Object : type));
      Reflect.defineMetadata(PARAMETER_TYPES, shown, owner, name);
    }
  }
}

function isGrpcHandler(method: unknown): boolean {
  if (typeof method !== 'function') return false;
  const patterns: unknown = Reflect.getMetadata(PATTERN_METADATA, method);
  return Array.isArray(patterns) && patterns.some((pattern) => pattern?.rpc !== undefined);
}

function isNoData(type: unknown): boolean {
  return (
    typeof type === 'function' &&
    NO_DATA.some((base) => type === base || type.prototype instanceof base)
  );
}
