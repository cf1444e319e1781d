import { Backchannel } from 'nestjs-backchannel';
import type { AgentClient } from '../demo.js';

export class HubController {
  // The connection in place of a stub: the service is forgotten.
  // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: ClientConn; parameter: AgentClient; }
  hello(@Backchannel() agent: AgentClient): void {}
}
