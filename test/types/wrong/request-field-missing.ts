import { Agent, conn } from '../demo.js';

// A request without one of its fields.
// @expect TS2345: Property 'command' is missing in type '{}' but required in type 'RunRequest'.
conn.getService(Agent).run({});
