import { client, Hub } from '../demo.js';

// A field of another type.
// @expect TS2322: Type 'number' is not assignable to type 'string'.
client.getService(Hub).hello({ name: 7 });
