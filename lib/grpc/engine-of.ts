import { builtInEngine } from './built-in/index.js';
import { hasMethods, like, type Rule } from '../options/index.js';
import type { GrpcEngine } from './grpc-engine.js';
import { grpcJsEngine } from './grpc-js/index.js';

/** The engines that come with this package, by name. */
export type EngineName = 'built-in' | 'grpc-js';

const ENGINES: Readonly<Record<EngineName, GrpcEngine>> = {
  'built-in': builtInEngine,
  'grpc-js': grpcJsEngine,
};

/** What the option `engine` may be. */
export const ENGINE_RULE: Rule<EngineName | GrpcEngine> = like(
  `one of ${Object.keys(ENGINES).join(', ')} or a GrpcEngine`,
  (value) => isName(value) || isEngine(value),
);

/** Environment variable that names the engine of whoever does not choose one. */
const VARIABLE = 'BACKCHANNEL_ENGINE';

/**
 * The engine that an option `engine` means. Without one it is that of the environment variable
 * `BACKCHANNEL_ENGINE`, else the built-in one.
 *
 * @throws TypeError if there is no such engine.
 */
export function engineOf(option?: EngineName | GrpcEngine): GrpcEngine {
  if (isEngine(option)) return option;
  if (option !== undefined) return byName('"engine"', option);
  const name = process.env[VARIABLE];
  return name ? byName(VARIABLE, name) : builtInEngine;
}

function byName(where: string, name: string): GrpcEngine {
  if (isName(name)) return ENGINES[name];
  throw new TypeError(`${where} must be ${ENGINE_RULE.expects}, not ${JSON.stringify(name)}`);
}

function isName(value: unknown): value is EngineName {
  return typeof value === 'string' && Object.hasOwn(ENGINES, value);
}

function isEngine(value: unknown): value is GrpcEngine {
  return hasMethods(value, ['createServer', 'createStreamChannel', 'createDialChannel']);
}
