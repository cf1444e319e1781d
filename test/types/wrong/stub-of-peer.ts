import { Agent, peer, type HubClient } from '../demo.js';

// A stub of another service.
// @expect TS2739: Type 'AgentClient' is missing the following properties from type 'HubClient': hello, report
export const hub: HubClient = peer.getService(Agent);
