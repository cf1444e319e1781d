import { firstValueFrom } from 'rxjs';
import { Agent, peer } from '../demo.js';

const reply = await firstValueFrom(peer.getService(Agent).run({ command: 'ls' }));
// A field that the reply does not have.
// @expect TS2551: Property 'outptu' does not exist on type 'RunReply'. Did you mean 'output'?
export const output = reply.outptu;
