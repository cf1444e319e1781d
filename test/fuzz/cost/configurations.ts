import type { EngineName } from '../../../lib/index.js';
import { SITES, type Site } from './play/site.js';

/** What a target process is, and who attacks it. */
export interface Configuration {
  name: string;
  engine: EngineName;
  site: Site;
  tls: boolean;
  /** Whether the attacker is let in: by `authorizePeer`, or as a plain client. */
  authorised: boolean;
}

export const ENGINES = ['built-in', 'grpc-js'] as const;

/**
 * All of them. A dialing side has nobody to authorise, and plain clients of the engine `grpc-js` are served
 * by grpc-js and node:http2 alone.
 */
export const CONFIGURATIONS: readonly Configuration[] = ENGINES.flatMap((engine) =>
  SITES.filter((site) => engine === 'built-in' || site !== 'plain').flatMap((site) =>
    [false, true].flatMap((tls) =>
      (site === 'agent' ? [true] : [true, false]).map((authorised) => ({
        name: [engine, site, tls ? 'tls' : 'tcp', ...(authorised ? [] : ['refused'])].join('/'),
        engine,
        site,
        tls,
        authorised,
      })),
    ),
  ),
);
