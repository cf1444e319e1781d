import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  // The stub may be undefined.
  // @expect TS1239: ParameterMistake<"with { optional: true } the value may be undefined: make the parameter optional">
  hello(@Backchannel(Agent, { optional: true }) agent: AgentClient): void {}
}
