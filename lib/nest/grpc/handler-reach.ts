import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import {
  PARAM_ARGS_METADATA,
  PATTERN_EXTRAS_METADATA,
  PATTERN_METADATA,
} from '@nestjs/microservices/constants.js';
import { usesIn } from '../decorators/backchannel-uses.js';

/** By what a handler of `@GrpcStreamCall` with decorated parameters can answer. */
export interface HandlerReach {
  /** `@Payload()` gives it the call. */
  readonly call: boolean;
  /** `@Ctx()` gives it the callback. */
  readonly callback: boolean;
}

/** Where a method keeps its reach, among what Nest passes to the transport strategies of the handler. */
const REACH = Symbol('HANDLER_REACH');

/** Part of the keys of parameters that are decorated by decorators of others than Nest. */
const CUSTOM = '__customRouteArgs__';

const scanner = new MetadataScanner();

/** Decorated parameters by a key that begins with their type. */
type DecoratedParameters = Readonly<Record<string, { readonly data?: unknown }>>;

/**
 * Notes for each handler of the application that has decorated parameters what these give it: Nest passes
 * no argument by position then. To be called before Nest registers the handlers.
 */
export function noteHandlerReaches(modules: ModulesContainer): void {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (metatype) noteReachesOf(metatype as Function);
    }
  }
}

/** The reach that was noted for a handler; undefined if it gets its call and its callback. */
export function reachIn(extras: object | undefined): HandlerReach | undefined {
  return (extras as { [REACH]?: HandlerReach } | undefined)?.[REACH];
}

function noteReachesOf(controller: Function): void {
  const prototype = controller.prototype as Record<string, unknown>;
  for (const name of scanner.getAllMethodNames(prototype)) {
    const method = prototype[name];
    if (typeof method !== 'function' || !Reflect.hasMetadata(PATTERN_METADATA, method)) continue;
    const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as object | undefined;
    const parameters = Reflect.getMetadata(PARAM_ARGS_METADATA, controller, name) as unknown;
    const reach = reachOf((parameters ?? {}) as DecoratedParameters, usesIn(extras).length);
    if (reach === undefined) continue;
    Reflect.defineMetadata(PATTERN_EXTRAS_METADATA, { ...extras, [REACH]: reach }, method);
  }
}

/** @param own - parameters with decorators of this package, which give neither call nor callback. */
function reachOf(parameters: DecoratedParameters, own: number): HandlerReach | undefined {
  const keys = Object.keys(parameters);
  // Those of others may find anything in the arguments of the handler.
  const isUnknown = keys.filter((key) => key.includes(CUSTOM)).length > own;
  if (keys.length === 0 || isUnknown) return undefined;
  const has = (type: RpcParamtype): boolean =>
    keys.some((key) => key.startsWith(`${type}:`) && parameters[key]!.data === undefined);
  return { call: has(RpcParamtype.PAYLOAD), callback: has(RpcParamtype.CONTEXT) };
}
