import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  constructor(
    // A constructor does not handle a call.
    // @expect TS1239: ParameterMistake<"a constructor handles no call: decorate a parameter of a handler">
    @Backchannel(Agent) readonly agent: AgentClient,
  ) {}
}
