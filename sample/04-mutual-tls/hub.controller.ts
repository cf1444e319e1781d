import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { PeerId, Registry } from 'nestjs-backchannel';

@Controller()
export class HubController {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  @GrpcMethod('Hub', 'WhoAmI')
  whoAmI(@PeerId() id: PeerId): { name: string } {
    return { name: this.registry.get(id)?.name ?? 'nobody' };
  }
}
