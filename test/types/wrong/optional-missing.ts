import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  // Without the option, calls of plain clients fail.
  // @expect TS1239: ParameterMistake<"without { optional: true } the value is never undefined: add that option, or make the parameter required">
  hello(@Backchannel(Agent) agent?: AgentClient): void {}
}
