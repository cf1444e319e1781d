import { Controller, Get, Inject, Module, ServiceUnavailableException } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { BackchannelHealthIndicator, BackchannelModule } from 'nestjs-backchannel';
import { fleetProto } from './fleet.js';

@Controller()
class HubController {
  @GrpcMethod('Hub', 'Hello')
  hello({ name }: { name: string }): { message: string } {
    return { message: `Hello ${name}` };
  }
}

/** Health over HTTP, for a load balancer; with @nestjs/terminus it would be `isHealthy`. */
@Controller('health')
class HealthController {
  constructor(
    @Inject(BackchannelHealthIndicator) private readonly backchannel: BackchannelHealthIndicator,
  ) {}

  @Get()
  check(): object {
    const { status, message } = this.backchannel.check({ minPeers: 1 });
    if (status === 'down') throw new ServiceUnavailableException(message);
    return { status };
  }
}

/** The listening side. */
@Module({
  imports: [
    BackchannelModule.forRoot({
      server: {
        url: '127.0.0.1:0',
        ...fleetProto,
        health: true,
        reflection: true,
        // No `backchannel`: this hub knows nothing of its agents' services but what they tell.
      },
    }),
  ],
  controllers: [HubController, HealthController],
})
export class HubModule {}
