import { PeerId } from 'nestjs-backchannel';

export class HubController {
  // Ids are numbers.
  // @expect TS1239: ParameterMistake<"the parameter must have the type of the injected value"> & { injected: number; parameter: string; }
  hello(@PeerId() id: string): void {}
}
