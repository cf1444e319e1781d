import { CurrentPeer, type Peer } from 'nestjs-backchannel';

export class HubController {
  // @expect TS1239: ParameterMistake<"without { optional: true } the value is never undefined: add that option, or make the parameter required">
  hello(@CurrentPeer() peer: Peer | undefined): void {}
}
