import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';

@Controller()
export class PraefectController {
  @GrpcMethod('Praefect', 'VoteTransaction')
  voteTransaction(): object {
    console.log('Praefect received vote via backchannel');
    console.log('Praefect responding via backchannel');
    return {};
  }
}
