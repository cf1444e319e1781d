import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { PeerId } from 'nestjs-backchannel';
import { AgentsService } from './agents.service.js';

/** What agents call. */
@Controller()
export class HubController {
  constructor(@Inject(AgentsService) private readonly agents: AgentsService) {}

  @GrpcMethod('Hub', 'Join')
  join(@Payload() { name }: { name: string }, @PeerId() id: PeerId): object {
    this.agents.join(name, id);
    return {};
  }
}
