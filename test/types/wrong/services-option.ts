import { BackchannelModule } from 'nestjs-backchannel';
import { AgentGrpcClient } from '../demo.js';

const proto = { package: 'demo', protoPath: 'demo.proto' };
export const module = BackchannelModule.registerClient({
  name: 'HUB',
  ...proto,
  // Neither a name nor a token.
  // @expect TS2322: Type 'typeof AgentGrpcClient' is not assignable to type 'ServiceReference'.
  services: [AgentGrpcClient],
});
