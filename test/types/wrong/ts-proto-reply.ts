import { Payload } from '@nestjs/microservices';
import { Backchannel, type HandlersOf } from 'nestjs-backchannel';
import {
  Agent,
  type AgentClient,
  type HelloRequest,
  type HubController as Handlers,
} from '../demo.js';

export abstract class HubController implements HandlersOf<Handlers> {
  abstract report: Handlers['report'];

  // A reply of another type.
  // @expect TS2416: Property 'hello' in type 'HubController' is not assignable to the same property in base type 'HandlersOf<HubController>'.
  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<{ mesage: string }> {
    return { mesage: name };
  }
}
