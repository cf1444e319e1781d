import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  hello(@Backchannel(Agent, { optional: true }) agent?: AgentClient): void {
    // A stub that is undefined for plain clients.
    // @expect TS18048: 'agent' is possibly 'undefined'.
    agent.run({ command: 'ls' });
  }
}
