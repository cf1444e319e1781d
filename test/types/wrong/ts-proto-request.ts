import { Payload } from '@nestjs/microservices';
import { Backchannel, type HandlersOf } from 'nestjs-backchannel';
import {
  Agent,
  type AgentClient,
  type HelloReply,
  type HubController as Handlers,
} from '../demo.js';

export abstract class HubController implements HandlersOf<Handlers> {
  abstract report: Handlers['report'];

  // A request of another type.
  // @expect TS2416: Property 'hello' in type 'HubController' is not assignable to the same property in base type 'HandlersOf<HubController>'.
  async hello(
    @Payload() request: { nam: string },
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<HelloReply> {
    return { message: request.nam };
  }
}
