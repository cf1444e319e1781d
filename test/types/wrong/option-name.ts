import { PeerId } from 'nestjs-backchannel';

export class HubController {
  // @expect TS2561: but 'optionl' does not exist in type 'PeerOption<false>'. Did you mean to write 'optional'?
  hello(@PeerId({ optionl: true }) id: number): void {}
}
