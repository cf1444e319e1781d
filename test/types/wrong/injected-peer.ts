import { CurrentPeer } from 'nestjs-backchannel';

export class HubController {
  // The peer in place of its id.
  // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: Peer; parameter: number; }
  hello(@CurrentPeer() id: number): void {}
}
