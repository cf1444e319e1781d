import { serviceOf } from 'nestjs-backchannel';

// A token whose stubs would have no methods.
// @expect TS2345: Argument of type 'string' is not assignable to parameter of type 'MissingStubType<"name the type of the stub: serviceOf<AgentClient>(…)">'.
export const Agent = serviceOf('demo.Agent');
