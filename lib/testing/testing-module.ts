import type { HttpServer, INestApplication } from '@nestjs/common';

/** As much of a `TestingModule` of `@nestjs/testing` as is used here: that package is optional. */
export interface CompiledModule {
  createNestApplication(httpAdapter?: HttpServer): INestApplication;
}

/** As much of a `TestingModuleBuilder`. */
export interface ModuleBuilder {
  overrideProvider(token: unknown): { useValue(value: unknown): ModuleBuilder };
  compile(): Promise<CompiledModule>;
}
