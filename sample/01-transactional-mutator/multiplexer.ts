import type { ConnectionOptions } from 'nestjs-backchannel';
import { yamuxJsSessionFactory } from 'nestjs-backchannel/yamux-js';

/** `MULTIPLEXER=yamux-js` has both sides use the npm package yamux-js instead of the built-in yamux. */
export const multiplexer: ConnectionOptions =
  process.env['MULTIPLEXER'] === 'yamux-js' ? { sessionFactory: yamuxJsSessionFactory() } : {};
