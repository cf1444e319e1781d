import type { ModulesContainer } from '@nestjs/core';

/** Hooks that Nest calls when an application is initialized. */
const HOOKS = ['onModuleInit', 'onApplicationBootstrap'] as const;

/**
 * Whether an application has instances with hooks that its initialization calls.
 *
 * @param isIgnored - whether to ignore the hooks of an instance.
 */
export function hasInitHooks(
  container: ModulesContainer,
  isIgnored: (instance: object) => boolean,
): boolean {
  for (const { providers, controllers } of container.values()) {
    for (const { instance } of [...providers.values(), ...controllers.values()]) {
      if (hasHook(instance) && !isIgnored(instance)) return true;
    }
  }
  return false;
}

function hasHook(instance: unknown): instance is object {
  if (typeof instance !== 'object' || instance === null) return false;
  const members = instance as Record<string, unknown>;
  return HOOKS.some((hook) => typeof members[hook] === 'function');
}
