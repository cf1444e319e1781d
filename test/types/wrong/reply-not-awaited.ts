import { client, Hub } from '../demo.js';

const reply = client.getService(Hub).hello({ name: 'world' });
// The observable in place of its value.
// @expect TS2339: Property 'message' does not exist on type 'Observable<HelloReply>'.
export const message = reply.message;
