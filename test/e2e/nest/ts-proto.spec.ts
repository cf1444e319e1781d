import { fileURLToPath } from 'node:url';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { firstValueFrom, from, map, of, toArray, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Backchannel, PeerId, serviceOf } from 'nestjs-backchannel';
import {
  AGENT_SERVICE_NAME,
  AgentControllerMethods,
  DEMO_PACKAGE_NAME,
  HUB_SERVICE_NAME,
  type AgentClient,
  type AgentController,
  type HelloReply,
  type HelloRequest,
  type HubClient,
  type RunReply,
  type RunRequest,
} from '../../fixtures/ts-proto/generated/demo.js';
import {
  HubControllerMethods as HubWithRestControllerMethods,
  type HubController as HubWithRestController,
} from '../../fixtures/ts-proto/generated-with-rest/demo.js';
import { HubController } from '../../types/right/docs/hub.controller.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';

const proto = {
  package: DEMO_PACKAGE_NAME,
  protoPath: fileURLToPath(new URL('../../fixtures/ts-proto/demo.proto', import.meta.url)),
};
const Hub = serviceOf<HubClient>(`${DEMO_PACKAGE_NAME}.${HUB_SERVICE_NAME}`);
const Agent = serviceOf<AgentClient>(`${DEMO_PACKAGE_NAME}.${AGENT_SERVICE_NAME}`);

/** Generated with `nestJs=true,addNestjsRestParameter=true`. */
@Controller()
@HubWithRestControllerMethods()
class WithRestController implements HubWithRestController {
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

@Controller()
@AgentControllerMethods()
class DialingController implements AgentController {
  run({ command }: RunRequest): RunReply {
    return { output: `ran ${command}` };
  }

  follow({ command }: RunRequest): Observable<RunReply> {
    return from(command.split('')).pipe(map((output) => ({ output })));
  }
}

describe.each([
  ['HandlersOf', HubController],
  ['addNestjsRestParameter', WithRestController],
])('a controller that implements the interface of ts-proto by %s', (_way, controller) => {
  it('gets what its parameters inject, and is called with the types of the service', async () => {
    const { registry, url } = await startListener(
      { ...proto, services: [Hub], backchannel: proto },
      { controllers: [controller] },
    );
    const { client } = await startDialer(
      { ...proto, url, services: [Hub], backchannel: { ...proto, services: [Agent] } },
      { controllers: [DialingController] },
    );
    const hub = client.getService(Hub);
    const agent = (await registry.waitFor()).getService(Agent);

    expect(await firstValueFrom(hub.hello({ name: 'ls' }))).toEqual({ message: 'ran ls' });
    expect(await firstValueFrom(hub.report(of({ name: 'a' }, { name: 'b' })))).toEqual({
      message: 'peer 1 reported 2 times',
    });
    expect(await firstValueFrom(agent.follow({ command: 'ab' }).pipe(toArray()))).toEqual([
      { output: 'a' },
      { output: 'b' },
    ]);
  });
});
