import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { Backchannel } from 'nestjs-backchannel';
import type { Praefect } from '../protos/index.js';

@Controller()
export class GitalyController {
  @GrpcMethod('Gitaly', 'Mutator')
  async mutator(
    @Payload() _request: object,
    @Backchannel('Praefect', { optional: true }) praefect?: Praefect,
  ): Promise<object> {
    console.log('Gitaly received a transactional mutator');

    if (praefect === undefined) {
      console.log('Gitaly responding to a non-multiplexed client');
      return {};
    }

    console.log('Gitaly sending vote to Praefect via backchannel');
    await firstValueFrom(praefect.voteTransaction({}));
    console.log('Gitaly received vote response via backchannel');

    console.log('Gitaly responding to the transactional mutator');
    return {};
  }
}
