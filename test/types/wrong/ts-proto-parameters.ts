import { Payload } from '@nestjs/microservices';
import { Backchannel } from 'nestjs-backchannel';
import {
  Agent,
  type AgentClient,
  type HelloReply,
  type HelloRequest,
  type HubController as Handlers,
} from '../demo.js';

// More parameters than the generated interface has: `implements HandlersOf<Handlers>` compiles.
export abstract class HubController implements Handlers {
  abstract report: Handlers['report'];

  // @expect TS2416: Target signature provides too few arguments. Expected 2 or more, but got 1.
  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<HelloReply> {
    return { message: name };
  }
}
