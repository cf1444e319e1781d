import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Backchannel, PeerId, type HandlersOf } from 'nestjs-backchannel';
import { firstValueFrom, map, toArray, type Observable } from 'rxjs';
import {
  HubControllerMethods,
  type AgentClient,
  type HelloReply,
  type HelloRequest,
  type HubController as Handlers,
} from './demo.js';
import { Agent } from './services.js';

@Controller()
@HubControllerMethods()
export class HubController implements HandlersOf<Handlers> {
  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<HelloReply> {
    const { output } = await firstValueFrom(agent.run({ command: name }));
    return { message: output };
  }

  report(
    @Payload() requests: Observable<HelloRequest>,
    @PeerId() id: PeerId,
  ): Observable<HelloReply> {
    return requests.pipe(
      toArray(),
      map(({ length }) => ({ message: `peer ${id} reported ${length} times` })),
    );
  }
}
