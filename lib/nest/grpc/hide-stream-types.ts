import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { Observable } from 'rxjs';
import { ClientConn } from '../../backchannel/index.js';

/** Metadata key under which TypeScript emits the types of parameters. */
const PARAMETER_TYPES = 'design:paramtypes';

/** Types of arguments that are not data; a copy of them is useless. */
const NO_DATA: readonly Function[] = [Observable, EventEmitter, Metadata, ClientConn];

const scanner = new MetadataScanner();

/**
 * Makes pipes leave streams, calls, metadata and connections unchanged. A `ValidationPipe` converts its
 * argument to an instance of the parameter's type. An instance of `Observable` or `Duplex` made in this
 * way is empty, so that the handler never gets a request and its caller waits for ever.
 *
 * The type of such parameters of gRPC handlers becomes `Object`, which TypeScript emits for interfaces;
 * pipes still get the argument. Must be called before Nest registers the handlers.
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
    // The types of an inherited method are on the prototype that declares it.
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
