import type { HttpServer, INestApplication } from '@nestjs/common';

/** As much of a `TestingModule` of `@nestjs/testing` as is used here: that package is optional. */
export interface CompiledModule {
  /** As there. */
  createNestApplication(httpAdapter?: HttpServer): INestApplication;
}

/** As much of a `TestingModuleBuilder`. */
export interface ModuleBuilder {
  /** As there. */
  overrideProvider(token: unknown): { useValue(value: unknown): ModuleBuilder };
  /** As there. */
  compile(): Promise<CompiledModule>;
}
