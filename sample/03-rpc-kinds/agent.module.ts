import { Module, type DynamicModule } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { NumbersController } from './numbers.controller.js';
import { numbersProto } from './numbers.js';

/** The dialing side. */
@Module({ controllers: [NumbersController] })
export class AgentModule {
  static dialing(url: string): DynamicModule {
    return {
      module: AgentModule,
      imports: [
        BackchannelModule.registerClient({
          name: 'HUB',
          url,
          ...numbersProto,
          backchannel: numbersProto,
        }),
      ],
    };
  }
}
