import { client, Hub, type AgentClient } from '../demo.js';

// A stub of another service.
// @expect TS2739: Type 'HubClient' is missing the following properties from type 'AgentClient': run, follow
export const agent: AgentClient = client.getService(Hub);
