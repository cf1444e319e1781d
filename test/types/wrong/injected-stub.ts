import { Payload } from '@nestjs/microservices';
import { Backchannel } from 'nestjs-backchannel';
import { Agent, type HelloRequest, type HubClient } from '../demo.js';

export class HubController {
  // A parameter for the stub of another service.
  hello(
    @Payload() request: HelloRequest,
    // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: AgentClient; parameter: HubClient; }
    @Backchannel(Agent) agent: HubClient,
  ): void {}
}
