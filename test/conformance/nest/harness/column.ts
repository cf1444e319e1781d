import type {
  DynamicModule,
  INestApplication,
  INestApplicationContext,
  INestMicroservice,
  NestHybridApplicationOptions,
} from '@nestjs/common';
import type { AsyncMicroserviceOptions, MicroserviceOptions } from '@nestjs/microservices';
import type { StubFactory } from 'nestjs-backchannel';
import type { Link } from './link.js';

/** Names a column: what is compared, and for ours on which engine. */
export type ColumnName = 'stock' | `${'forward' | 'backchannel' | 'plain clients'}, ${Engine}`;

export type Engine = 'built-in' | 'grpc-js';

/** One way for an application to call another; all scenarios are run in each. */
export interface Column {
  readonly name: ColumnName;
  /** Who listens, and so has to be there first. */
  readonly listens: 'serving' | 'calling';
  /** What an application imports that serves `serves`, and calls over `calls`. */
  imports(serves: Link | undefined, calls: readonly Link[]): DynamicModule[];
  /** For `NestFactory.createMicroservice`: an application that serves and nothing else. */
  microservice(serves: Link): MicroserviceOptions | AsyncMicroserviceOptions;
  /** Connects the transports of an application that does more than that. */
  connect(
    app: INestApplication,
    serves: Link | undefined,
    options: NestHybridApplicationOptions,
  ): INestMicroservice[];
  /** Whether an application that only calls has a transport to connect all the same. */
  readonly callsByListening: boolean;
  /** What an application calls another over `link` with. */
  client(app: INestApplicationContext, link: Link): StubFactory;
  /** Resolves when the application that serves `link` can be called. */
  served(app: INestApplicationContext, link: Link): Promise<void>;
}
