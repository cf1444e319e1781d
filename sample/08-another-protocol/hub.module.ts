import { Controller, Module } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { BackchannelModule, type PeerCandidate, type PeerIdentity } from 'nestjs-backchannel';
import { fleetProto } from './fleet.js';
import { StatusHandshaker } from './status.handshaker.js';

@Controller()
class HubController {
  @GrpcMethod('Hub')
  greet(@Payload() { name }: { name: string }): { text: string } {
    return { text: `hello ${name}` };
  }
}

let agents = 0;

/** The hub counts its agents; in production their certificates have names: sample 04. */
function nameInOrder(_candidate: PeerCandidate): PeerIdentity {
  agents += 1;
  return { name: `agent-${agents}` };
}

@Module({
  imports: [
    BackchannelModule.forRoot({
      server: { url: '127.0.0.1:0', ...fleetProto, authorizePeer: nameInOrder },
    }),
  ],
  controllers: [HubController],
  providers: [StatusHandshaker],
})
export class HubModule {}
