import { Agent, registry } from '../demo.js';

// A peer that is perhaps not connected.
// @expect TS2532: Object is possibly 'undefined'.
registry.named('agent-7').getService(Agent).run({ command: 'ls' });
