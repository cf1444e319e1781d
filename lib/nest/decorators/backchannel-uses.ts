import { MetadataScanner } from '@nestjs/core';
import { PATTERN_EXTRAS_METADATA } from '@nestjs/microservices/constants.js';

/** A parameter of a handler with a decorator of this package, such as `@Backchannel()`. */
export interface BackchannelUse {
  /** The handler, such as `HubController.hello`. */
  readonly handler: string;
  /** The decorator, such as `@Backchannel("Agent")`. */
  readonly decorator: string;
  /** The service of the injected stub; undefined without a stub. */
  readonly service: string | undefined;
  /** Origin of the value: the caller is a peer of the listening side, or has called a client. */
  readonly needs: 'peer' | 'client';
  /** Whether the handler accepts calls without the value. */
  readonly optional: boolean;
}

/** Key of the uses in the extras of a method, which Nest passes to the transport strategies. */
const USES = Symbol('BACKCHANNEL_USES');

const scanner = new MetadataScanner();

/** Records a use in the method `name` of the class of `prototype`. */
export function noteBackchannelUse(
  prototype: object,
  name: PropertyKey | undefined,
  use: Omit<BackchannelUse, 'handler'>,
): void {
  const method = name && (prototype as Record<PropertyKey, unknown>)[name];
  if (typeof method !== 'function') return; // A parameter of a constructor, which Nest ignores.
  const handler = `${prototype.constructor.name}.${String(name)}`;
  const extras = extrasOf(method);
  const uses = [...usesIn(extras), { ...use, handler }];
  Reflect.defineMetadata(PATTERN_EXTRAS_METADATA, { ...extras, [USES]: uses }, method);
}

/** The uses in the methods of `controller`, including inherited methods. */
export function backchannelUsesOf(controller: Function): BackchannelUse[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return scanner.getAllMethodNames(prototype).flatMap((name) => {
    const method = prototype[name];
    return typeof method === 'function' ? usesIn(extrasOf(method)) : [];
  });
}

/** The uses in a handler, from the extras that Nest passed to the transport strategy. */
export function usesIn(extras: object | undefined): readonly BackchannelUse[] {
  return (extras as { [USES]?: readonly BackchannelUse[] } | undefined)?.[USES] ?? [];
}

/** The uses that fail calls without a peer, or without a client. */
export function requiredUses(
  uses: readonly BackchannelUse[],
  needs: BackchannelUse['needs'],
): BackchannelUse[] {
  return uses.filter((use) => use.needs === needs && !use.optional);
}

function extrasOf(method: Function): object | undefined {
  return Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as object | undefined;
}
