import { ConfigurableModuleBuilder, type ModuleMetadata, type Type } from '@nestjs/common';
import type { BackchannelModuleOptions } from '../options/options.js';
import { PEER_AUTHORIZER, type PeerAuthorizer } from '../listening/peer-authorizer.js';

/** Arguments of `forRoot` besides its options. */
export interface BackchannelModuleExtras extends Pick<ModuleMetadata, 'imports'> {
  /** Whether `Registry` and `ListenMuxServer` can be injected in every module. Default true. */
  isGlobal?: boolean;
  /**
   * An injectable class that decides which connections become peers. Its dependencies come from `imports`,
   * or from global modules. Default: the option `server.authorizePeer`.
   */
  authorizer?: Type<PeerAuthorizer>;
}

export const {
  ConfigurableModuleClass: ConfigurableBackchannelModule,
  MODULE_OPTIONS_TOKEN: BACKCHANNEL_MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<BackchannelModuleOptions>({ moduleName: 'Backchannel' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createBackchannelOptions')
  .setExtras<BackchannelModuleExtras>(
    { isGlobal: true },
    (definition, { isGlobal, authorizer, imports = [] }) => ({
      ...definition,
      global: isGlobal ?? true,
      imports: [...new Set([...(definition.imports ?? []), ...imports])],
      providers: [
        ...(definition.providers ?? []),
        authorizer === undefined
          ? { provide: PEER_AUTHORIZER, useValue: null }
          : { provide: PEER_AUTHORIZER, useClass: authorizer },
      ],
    }),
  )
  .build();
