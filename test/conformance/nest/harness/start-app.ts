import {
  Module,
  type INestApplication,
  type INestApplicationContext,
  type INestMicroservice,
  type NestHybridApplicationOptions,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ListenMuxServer } from 'nestjs-backchannel';
import type { Column } from './column.js';
import type { Link } from './link.js';

/** What an application is made of. */
export interface AppSpec {
  controllers?: Type[];
  providers?: Provider[];
  serves?: Link;
  calls?: readonly Link[];
  /** Part of an application with HTTP, with these options; else a microservice, if it only serves. */
  hybrid?: NestHybridApplicationOptions;
  /** Called before it starts, with each of its microservices. */
  configure?(microservice: INestMicroservice): void;
  /** The same of an application with HTTP, before it has microservices. */
  configureApp?(app: INestApplication): void;
}

const quiet = { logger: false as const, abortOnError: false };

/** Starts an application in the way of `column`; resolves when it can be called, and can call. */
export async function startApp(column: Column, spec: AppSpec): Promise<INestApplicationContext> {
  const { serves, calls = [] } = spec;
  const module = moduleOf(column, spec);
  const app =
    spec.hybrid || (serves && calls.length > 0)
      ? await startHybrid(column, module, spec)
      : serves
        ? await startMicroservice(column, module, spec, serves)
        : await startCalling(column, module);
  if (serves) await column.served(app, serves);
  return app;
}

function moduleOf(
  column: Column,
  { controllers = [], providers = [], serves, calls = [] }: AppSpec,
): Type {
  @Module({ imports: column.imports(serves, calls), controllers, providers })
  class AppModule {}
  return AppModule;
}

async function startMicroservice(
  column: Column,
  module: Type,
  { configure }: AppSpec,
  serves: Link,
): Promise<INestApplicationContext> {
  const app = await NestFactory.createMicroservice(module, {
    ...column.microservice(serves),
    ...quiet,
  });
  configure?.(app);
  return listening(app, () => app.listen());
}

async function startHybrid(
  column: Column,
  module: Type,
  { serves, hybrid = {}, configure, configureApp }: AppSpec,
): Promise<INestApplicationContext> {
  const app = await NestFactory.create(module, quiet);
  configureApp?.(app);
  for (const microservice of column.connect(app, serves, hybrid)) configure?.(microservice);
  return listening(app, async () => {
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
  });
}

async function startCalling(column: Column, module: Type): Promise<INestApplicationContext> {
  if (!column.callsByListening) return NestFactory.createApplicationContext(module, quiet);
  const app = await NestFactory.createMicroservice(module, {
    inject: [ListenMuxServer],
    useFactory: (strategy: ListenMuxServer) => ({ strategy }),
    ...quiet,
  });
  return listening(app, () => app.listen());
}

/** An application that did not start, as it was left. */
export class FailedStart extends Error {
  constructor(
    readonly app: INestApplicationContext,
    cause: unknown,
  ) {
    super('an application did not start', { cause });
  }
}

async function listening<T extends INestApplicationContext>(
  app: T,
  listen: () => Promise<unknown>,
): Promise<T> {
  try {
    await listen();
    return app;
  } catch (error) {
    throw new FailedStart(app, error);
  }
}
