import type { INestApplicationContext } from '@nestjs/common';
import type { StubFactory } from 'nestjs-backchannel';
import type { Column } from './column.js';
import type { Link } from './link.js';
import { startApp, type AppSpec } from './start-app.js';

/** An application that serves, another that calls it, and what the one calls the other with. */
export interface Pair {
  readonly serving: INestApplicationContext;
  readonly calling: INestApplicationContext;
  readonly client: StubFactory;
  readonly link: Link;
  close(): Promise<void>;
}

/** Starts a pair in the way of `column`; whoever listens comes first. */
export async function startPair(
  column: Column,
  link: Link,
  spec: Omit<AppSpec, 'serves' | 'calls'> = {},
): Promise<Pair> {
  const [serving, calling] = await startInOrder(column, [
    { ...spec, serves: link },
    { calls: [link] },
  ]);
  return {
    serving: serving!,
    calling: calling!,
    client: column.client(calling!, link),
    link,
    close: async () => {
      await calling!.close();
      await serving!.close();
    },
  };
}

/** Starts applications of which each calls the ones before it; gives them in the order of `specs`. */
export async function startInOrder(
  column: Column,
  specs: readonly AppSpec[],
): Promise<INestApplicationContext[]> {
  const isReversed = column.listens === 'calling';
  const apps: INestApplicationContext[] = [];
  for (const spec of isReversed ? specs.toReversed() : specs) {
    apps.push(await startApp(column, spec));
  }
  return isReversed ? apps.reverse() : apps;
}
