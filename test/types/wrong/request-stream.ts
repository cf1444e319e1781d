import { client, Hub } from '../demo.js';

// One request in place of a stream of them.
// @expect TS2353: 'name' does not exist in type 'Observable<HelloRequest>'.
client.getService(Hub).report({ name: 'world' });
