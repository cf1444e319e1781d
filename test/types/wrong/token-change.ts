import { Agent } from '../demo.js';

// Tokens are frozen.
// @expect TS2540: Cannot assign to 'name' because it is a read-only property.
Agent.name = 'demo.Other';
