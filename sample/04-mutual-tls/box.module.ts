import { Controller, Module, type DynamicModule } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { BackchannelModule } from 'nestjs-backchannel';
import { boxCredentials } from './certificates.js';
import { fleetProto } from './fleet.js';

@Controller()
class BoxController {
  @GrpcMethod('Box', 'Status')
  status(): { status: string } {
    return { status: 'all is well' };
  }
}

/** The dialing side. */
@Module({ controllers: [BoxController] })
export class BoxModule {
  /** @param name - whose certificate it shows; none without. */
  static dialing(url: string, name?: string): DynamicModule {
    return {
      module: BoxModule,
      imports: [
        BackchannelModule.registerClient({
          name: 'HUB',
          url,
          ...fleetProto,
          backchannel: fleetProto,
          credentials: boxCredentials(name),
        }),
      ],
    };
  }
}
