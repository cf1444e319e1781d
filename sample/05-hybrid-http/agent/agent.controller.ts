import { Controller, Inject } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { GrpcMethod, RpcException } from '@nestjs/microservices';
import { AGENT_NAME } from './agent.service.js';

/** What the hub calls. */
@Controller()
export class AgentController {
  constructor(@Inject(AGENT_NAME) private readonly name: string) {}

  @GrpcMethod('Agent', 'Run')
  run({ command }: { command: string }): { output: string } {
    if (command === 'whoami') return { output: this.name };
    throw new RpcException({
      code: status.INVALID_ARGUMENT,
      message: `${this.name} does not know how to ${command}`,
    });
  }
}
