import { serviceOf } from 'nestjs-backchannel';
import type { AgentClient } from '../demo.js';

// A name that is none.
// @expect TS2345: Argument of type 'number' is not assignable to parameter of type 'string'.
export const Agent = serviceOf<AgentClient>(7);
