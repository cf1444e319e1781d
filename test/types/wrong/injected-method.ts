import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  hello(@Backchannel(Agent) agent: AgentClient): void {
    // A method that the service does not have.
    // @expect TS2339: Property 'rnu' does not exist on type 'AgentClient'.
    agent.rnu({ command: 'ls' });
  }
}
