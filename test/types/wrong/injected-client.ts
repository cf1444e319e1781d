import { CurrentClient, type Peer } from 'nestjs-backchannel';

export class AgentController {
  // A peer on the dialing side, which has clients.
  // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: BackchannelClient; parameter: Peer; }
  run(@CurrentClient() hub: Peer): void {}
}
