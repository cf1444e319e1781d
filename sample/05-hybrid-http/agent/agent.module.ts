import { Module, type DynamicModule } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { fleetProto } from '../fleet.js';
import { AgentController } from './agent.controller.js';
import { AGENT_NAME, AgentService } from './agent.service.js';

/** The dialing side. */
@Module({ controllers: [AgentController], providers: [AgentService] })
export class AgentModule {
  static named(name: string, hub: string): DynamicModule {
    return {
      module: AgentModule,
      imports: [
        BackchannelModule.registerClient({
          name: 'HUB',
          url: hub,
          ...fleetProto,
          backchannel: fleetProto,
        }),
      ],
      providers: [{ provide: AGENT_NAME, useValue: name }],
    };
  }
}
