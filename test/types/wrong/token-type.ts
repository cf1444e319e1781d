import { serviceOf, type ServiceToken } from 'nestjs-backchannel';
import type { AgentClient, HubClient } from '../demo.js';

// A token of another stub.
// @expect TS2322: Type 'ServiceToken<AgentClient>' is not assignable to type 'ServiceToken<HubClient>'.
export const Hub: ServiceToken<HubClient> = serviceOf<AgentClient>('demo.Agent');
