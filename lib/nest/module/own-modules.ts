import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

type NestModule = NonNullable<ReturnType<ModulesContainer['get']>>;

/** Returns the modules of an application that are instances of `module` and provide `token`. */
export function ownModules(
  container: ModulesContainer,
  module: Type,
  token: string | symbol | Function,
): NestModule[] {
  return [...container.values()].filter(
    ({ metatype, providers }) => metatype === module && providers.has(token),
  );
}
