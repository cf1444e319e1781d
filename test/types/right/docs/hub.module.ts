import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { Backchannel, BackchannelModule, Registry } from 'nestjs-backchannel';
import { firstValueFrom } from 'rxjs';
import type { AgentClient, HelloReply, HelloRequest } from './demo.js';
import { Agent, Hub } from './services.js';

@Controller()
class HubController {
  @GrpcMethod('Hub', 'Hello')
  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<HelloReply> {
    const { output } = await firstValueFrom(agent.run({ command: 'whoami' }));
    return { message: `Hello ${name}, you say you are ${output}` };
  }
}

@Injectable()
export class Agents {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  run(name: string, command: string) {
    return this.registry.named(name)?.getService(Agent).run({ command }); // Observable<RunReply>
  }
}

const proto = { package: 'demo', protoPath: 'demo.proto' };

@Module({
  imports: [
    BackchannelModule.forRoot({
      server: {
        url: '0.0.0.0:50051',
        ...proto,
        services: [Hub],
        backchannel: { ...proto, services: [Agent] },
      },
    }),
  ],
  controllers: [HubController],
  providers: [Agents],
})
export class HubModule {}
