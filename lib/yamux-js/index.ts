/**
 * A session factory on the npm package yamux-js, for connections with JavaScript at both ends.
 *
 * @module nestjs-backchannel/yamux-js
 */

export { yamuxJsSessionFactory, type YamuxJsOptions } from './yamux-js-session-factory.js';
