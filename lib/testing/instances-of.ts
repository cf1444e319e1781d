import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** The providers of an application that are instances of a class, by token. */
export function instancesOf<T>(
  app: INestApplicationContext,
  metatype: abstract new (...args: never[]) => T,
): Map<unknown, T> {
  const found = new Map<unknown, T>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const [token, { instance }] of module.providers) {
      if (instance instanceof metatype) found.set(token, instance);
    }
  }
  return found;
}
