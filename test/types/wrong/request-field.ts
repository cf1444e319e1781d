import { Agent, peer } from '../demo.js';

// A field that the request does not have.
// @expect TS2561: but 'comand' does not exist in type 'RunRequest'. Did you mean to write 'command'?
peer.getService(Agent).run({ comand: 'ls' });
