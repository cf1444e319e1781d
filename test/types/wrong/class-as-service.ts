import { AgentGrpcClient, peer } from '../demo.js';

// A class of stubs, which belongs to `client()`.
// @expect TS2345: Argument of type 'typeof AgentGrpcClient' is not assignable to parameter of type 'ServiceReference<object>'.
peer.getService(AgentGrpcClient);
