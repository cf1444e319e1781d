import {
  BadGatewayException,
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  UnprocessableEntityException,
} from '@nestjs/common';
import { status, type ServiceError } from '@grpc/grpc-js';
import { AgentsService } from './agents.service.js';

/** The agents, over HTTP. */
@Controller('agents')
export class AgentsController {
  constructor(@Inject(AgentsService) private readonly agents: AgentsService) {}

  @Get()
  list(): string[] {
    return this.agents.names;
  }

  @Post(':name/run')
  @HttpCode(200)
  async run(
    @Param('name') name: string,
    @Body() { command }: { command: string },
  ): Promise<{ output: string }> {
    const output = await this.agents.run(name, command).catch((error: ServiceError) => {
      throw toHttp(error);
    });
    if (output === undefined) throw new NotFoundException(`no agent "${name}" is connected`);
    return { output };
  }
}

function toHttp({ code, details }: ServiceError): Error {
  return code === status.INVALID_ARGUMENT
    ? new UnprocessableEntityException(details)
    : new BadGatewayException(details);
}
