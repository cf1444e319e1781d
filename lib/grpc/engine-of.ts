import { builtInEngine } from './built-in/index.js';
import { hasMethods, like, type Rule } from '../options/index.js';
import type { GrpcEngine } from './grpc-engine.js';
import { grpcJsEngine } from './grpc-js/index.js';

/** Names of the engines in this package. */
export type EngineName = 'built-in' | 'grpc-js';

const ENGINES: Readonly<Record<EngineName, GrpcEngine>> = {
  'built-in': builtInEngine,
  'grpc-js': grpcJsEngine,
};

/** Rule of the option `engine`. */
export const ENGINE_RULE: Rule<EngineName | GrpcEngine> = like(
  `one of ${Object.keys(ENGINES).join(', ')} or a GrpcEngine`,
  (value) => isName(value) || isEngine(value),
);

/** Environment variable that names the default engine. */
const VARIABLE = 'BACKCHANNEL_ENGINE';

/**
 * Returns the engine for an option `engine`. Default: the engine that the environment variable
 * `BACKCHANNEL_ENGINE` names, else the built-in engine.
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
