import { client } from '../demo.js';

// An object that looks like a token.
// @expect TS2345: Argument of type '{ name: string; }' is not assignable to parameter of type 'ServiceReference<object>'.
client.getService({ name: 'demo.Hub' });
