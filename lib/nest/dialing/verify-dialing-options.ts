import { engineOf, grpcJsEngine, problemOfTarget } from '../../grpc/index.js';
import { OptionError } from '../../options/index.js';
import type { BackchannelClientOptions } from '../options/options.js';

/** @throws OptionError for a url that no engine can dial. */
export function verifyUrl(url: string): void {
  const problem = problemOfTarget(url);
  if (problem !== undefined) throw new OptionError(`BackchannelClient: "url" ${problem}`, 'url');
}

/** @throws OptionError for a proxy that the engine would ignore. */
export function verifyProxy({ engine, proxy }: BackchannelClientOptions): void {
  if (typeof proxy !== 'string' || engineOf(engine) !== grpcJsEngine) return;
  throw new OptionError(
    'BackchannelClient: "proxy" needs the built-in engine: with engine "grpc-js" set the environment variable https_proxy',
    'proxy',
  );
}
