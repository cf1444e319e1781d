import { Agent, peer, type HubClient } from '../demo.js';

// A type argument that contradicts the token.
// @expect TS2345: Argument of type 'ServiceToken<AgentClient>' is not assignable to parameter of type 'ServiceReference<HubClient>'.
peer.getService<HubClient>(Agent);
