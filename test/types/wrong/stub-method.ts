import { Agent, peer } from '../demo.js';

// A method that the service does not have.
// @expect TS2339: Property 'rnu' does not exist on type 'AgentClient'.
peer.getService(Agent).rnu({ command: 'ls' });
