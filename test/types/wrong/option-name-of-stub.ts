import { Backchannel } from 'nestjs-backchannel';
import { Agent, type AgentClient } from '../demo.js';

export class HubController {
  // @expect TS2769: 'detachd' does not exist in type 'StubOption<false>'. Did you mean to write 'detached'?
  hello(@Backchannel(Agent, { detachd: true }) agent: AgentClient): void {}
}
