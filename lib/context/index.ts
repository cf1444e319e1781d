export { createRootScope, inRootContext } from './root-context.js';
