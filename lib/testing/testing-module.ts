import type { HttpServer, INestApplication } from '@nestjs/common';

/** The used part of `TestingModule` of `@nestjs/testing`, which is an optional package. */
export interface CompiledModule {
  /** Creates the application. */
  createNestApplication(httpAdapter?: HttpServer): INestApplication;
}

/** The used part of `TestingModuleBuilder` of `@nestjs/testing`. */
export interface ModuleBuilder {
  /** Replaces a provider. */
  overrideProvider(token: unknown): { useValue(value: unknown): ModuleBuilder };
  /** Compiles the module. */
  compile(): Promise<CompiledModule>;
}
