import { Controller, Module, type DynamicModule } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { BackchannelModule } from 'nestjs-backchannel';
import { fleetProto } from './fleet.js';

@Controller()
class AgentController {
  @GrpcMethod('Agent', 'Run')
  run({ command }: { command: string }): { output: string } {
    return { output: `did ${command}` };
  }
}

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
          ...fleetProto,
          backchannel: { ...fleetProto, health: true, reflection: true },
        }),
      ],
    };
  }
}
