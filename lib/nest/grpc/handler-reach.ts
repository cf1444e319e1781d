import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import {
  PARAM_ARGS_METADATA,
  PATTERN_EXTRAS_METADATA,
  PATTERN_METADATA,
} from '@nestjs/microservices/constants.js';
import { usesIn } from '../decorators/backchannel-uses.js';

/** Means by which a `@GrpcStreamCall` handler with decorated parameters can answer. */
export interface HandlerReach {
  /** `@Payload()` injects the call. */
  readonly call: boolean;
  /** `@Ctx()` injects the callback. */
  readonly callback: boolean;
}

/** Key of the reach in the extras of a method, which Nest passes to the transport strategies. */
const REACH = Symbol('HANDLER_REACH');

/** Part of the keys of parameters with custom decorators, which are not Nest's own. */
const CUSTOM = '__customRouteArgs__';

const scanner = new MetadataScanner();

/** Decorated parameters, by a key that begins with the type of the parameter. */
type DecoratedParameters = Readonly<Record<string, { readonly data?: unknown }>>;

/**
 * Records the reach of each handler of the application that has decorated parameters. Nest passes no
 * argument by position to such a handler, only the arguments that the decorators select. Must be called
 * before Nest registers the handlers.
 */
export function noteHandlerReaches(modules: ModulesContainer): void {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (metatype) noteReachesOf(metatype as Function);
    }
  }
}

/** The recorded reach of a handler; undefined if the handler may get its call and its callback. */
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

/**
 * @param own - number of parameters with decorators of this package, which inject neither the call nor the
 * callback.
 */
function reachOf(parameters: DecoratedParameters, own: number): HandlerReach | undefined {
  const keys = Object.keys(parameters);
  // Custom decorators of the application may use any argument of the handler.
  const isUnknown = keys.filter((key) => key.includes(CUSTOM)).length > own;
  if (keys.length === 0 || isUnknown) return undefined;
  const has = (type: RpcParamtype): boolean =>
    keys.some((key) => key.startsWith(`${type}:`) && parameters[key]!.data === undefined);
  return { call: has(RpcParamtype.PAYLOAD), callback: has(RpcParamtype.CONTEXT) };
}
