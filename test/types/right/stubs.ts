import { BackchannelModule, serviceOf, type ServiceToken } from 'nestjs-backchannel';
import { firstValueFrom, of } from 'rxjs';
import type {
  AGENT_SERVICE_NAME,
  DEMO_PACKAGE_NAME,
} from '../../fixtures/ts-proto/generated/demo.js';
import { Agent, client, conn, Hub, peer, registry, type AgentClient } from '../demo.js';

export const { output } = await firstValueFrom(peer.getService(Agent).run({ command: 'ls' }));
export const { message } = await firstValueFrom(client.getService(Hub).hello({ name: 'world' }));
export const report = client.getService(Hub).report(of({ name: 'world' }));
export const replies = [
  conn.getService(Agent).run({ command: 'ls' }),
  conn.getService<AgentClient>(Agent).run({ command: 'ls' }),
  conn.getService<AgentClient>('Agent').run({ command: 'ls' }),
  registry.named('agent-7')?.getService(Agent).run({ command: 'ls' }),
];
export const wider: ServiceToken<Pick<AgentClient, 'run'>> = Agent;
export const inferred: ServiceToken<AgentClient> = serviceOf('demo.Agent');

declare const names: [typeof DEMO_PACKAGE_NAME, typeof AGENT_SERVICE_NAME];
export const ofConstants = serviceOf<AgentClient>(`${names[0]}.${names[1]}`);

const proto = { package: 'demo', protoPath: 'demo.proto' };
export const module = BackchannelModule.registerClient({
  name: 'HUB',
  ...proto,
  services: [Hub, 'demo.Other'],
  backchannel: { ...proto, services: [Agent] },
});
