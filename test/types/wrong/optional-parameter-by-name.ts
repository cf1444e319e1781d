import { Backchannel } from 'nestjs-backchannel';
import type { AgentClient } from '../demo.js';

export class HubController {
  // @expect TS1239: ParameterMistake<"with { optional: true } the value may be undefined: make the parameter optional">
  hello(@Backchannel('Agent', { optional: true }) agent: AgentClient): void {}
}
