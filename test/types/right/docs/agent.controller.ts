import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { CurrentClient, type BackchannelClient } from 'nestjs-backchannel';
import { firstValueFrom } from 'rxjs';
import type { RunReply, RunRequest } from './demo.js';
import { Hub } from './services.js';

@Controller()
export class AgentController {
  @GrpcMethod('Agent', 'Run')
  async run(
    @Payload() { command }: RunRequest,
    @CurrentClient() caller: BackchannelClient, // one of several clients of this application
  ): Promise<RunReply> {
    const { message } = await firstValueFrom(caller.getService(Hub).hello({ name: command }));
    return { output: message };
  }
}
