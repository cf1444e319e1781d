import { expect, it } from 'vitest';
import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { Backchannel } from 'nestjs-backchannel';
import { createTestStub } from 'nestjs-backchannel/testing';

interface Agent {
  run(request: { command: string }): Observable<{ output: string }>;
}

@Controller()
class HubController {
  @GrpcMethod('Hub', 'Hello')
  async hello(@Payload() { name }: { name: string }, @Backchannel('Agent') agent: Agent) {
    const { output } = await firstValueFrom(agent.run({ command: 'whoami' }));
    return { message: `Hello ${name}, you say you are ${output}` };
  }
}

it('asks who says hello', async () => {
  const agent = createTestStub<Agent>({ run: ({ command }) => ({ output: `a ${command} agent` }) });

  expect(await new HubController().hello({ name: 'you' }, agent)).toEqual({
    message: 'Hello you, you say you are a whoami agent',
  });
});
