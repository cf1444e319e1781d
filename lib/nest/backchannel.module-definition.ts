import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { BackchannelModuleOptions } from './options.js';

/** What `forRoot` takes besides its options. */
export interface BackchannelModuleExtras {
  /** Whether `Registry` and `ListenMuxServer` can be injected in every module. Default true. */
  isGlobal?: boolean;
}

export const {
  ConfigurableModuleClass: ConfigurableBackchannelModule,
  MODULE_OPTIONS_TOKEN: BACKCHANNEL_MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<BackchannelModuleOptions>({ moduleName: 'Backchannel' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createBackchannelOptions')
  .setExtras<BackchannelModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
    ...definition,
    global: isGlobal ?? true,
  }))
  .build();
