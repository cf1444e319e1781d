import type { HandlersOf } from 'nestjs-backchannel';
import type { HelloReply, HelloRequest, HubController as Handlers } from '../demo.js';

// A handler is missing.
// @expect TS2420: Property 'report' is missing in type 'HubController' but required in type 'HandlersOf<HubController>'.
export class HubController implements HandlersOf<Handlers> {
  hello({ name }: HelloRequest): HelloReply {
    return { message: name };
  }
}
