/**
 * The handshakes of the backchannel on npm yamux-js, for two JavaScript ends.
 *
 * @module nestjs-backchannel/yamux-js
 */

export { yamuxJsSessionFactory, type YamuxJsOptions } from './yamux-js-session-factory.js';
