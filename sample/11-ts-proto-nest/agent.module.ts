import { Module, type DynamicModule } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { numbersProto } from '../03-rpc-kinds/numbers.js';
import { AgentController } from './agent.controller.js';

/** The dialing side. */
@Module({ controllers: [AgentController] })
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
