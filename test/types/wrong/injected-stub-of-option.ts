import { Backchannel } from 'nestjs-backchannel';
import { Agent, type HubClient } from '../demo.js';

export class HubController {
  // The token in the options.
  // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: AgentClient; parameter: HubClient; }
  hello(@Backchannel({ service: Agent }) agent: HubClient): void {}
}
