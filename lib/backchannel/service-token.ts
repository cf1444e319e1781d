import { either, like, nonEmptyText, OptionError, showValue, type Rule } from '../options/index.js';

/** Key of the stub type of a token. Registered globally, so that all copies of this package share it. */
const STUB = Symbol.for('nestjs-backchannel.stub');

/**
 * A service by its name, with the type of its stubs. Created by `serviceOf`; frozen, and without relation to
 * an application: one token serves any number of clients and peers.
 */
export interface ServiceToken<Stub extends object> {
  /** Name of the service, as `serviceOf` got it. */
  readonly name: string;
  /** The type of the stubs; the value is undefined. */
  readonly [STUB]: Stub | undefined;
}

/** A service by its name, with or without its package, or by its token. */
export type ServiceReference<Stub extends object = object> = string | ServiceToken<Stub>;

/** Type of the name for a token without a type of stubs. Has no values; the compiler shows the text. */
interface MissingStubType<Text extends string> {
  readonly [STUB]: Text;
}

/** A name of protobuf: identifiers with dots between them. */
const NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/**
 * Creates the token of a service, for `@Backchannel(Agent)`, `peer.getService(Agent)`,
 * `client.getService(Agent)` and the options `services`: `const Agent = serviceOf<AgentClient>('demo.Agent')`.
 * Wherever a token is used, the type of the stub follows from it. `Stub` is the interface of the stub, such as
 * `AgentClient` of ts-proto, and must be given.
 *
 * @param name - the service as in its proto file, with its package (`demo.Agent`) or without (`Agent`). With
 * its package it is unambiguous, and a wrong package is an error.
 * @throws OptionError if `name` cannot be the name of a service.
 */
export function serviceOf<Stub extends object = never>(
  name: [Stub] extends [never]
    ? MissingStubType<'name the type of the stub: serviceOf<AgentClient>(…)'>
    : string,
): ServiceToken<Stub> {
  const given: unknown = name;
  if (typeof given === 'string' && NAME.test(given)) {
    return Object.freeze({ name: given, [STUB]: undefined });
  }
  throw new OptionError(
    `serviceOf: the name must be that of a service in its proto file, such as 'demo.Agent', not ${showValue(given)}`,
    'name',
  );
}

/** Whether `value` is a token of `serviceOf`. */
export function isServiceToken(value: unknown): value is ServiceToken<object> {
  if (typeof value !== 'object' || value === null || !(STUB in value)) return false;
  // The symbol is global, so any object may have it.
  const { name } = value as { name?: unknown };
  return typeof name === 'string' && NAME.test(name);
}

/**
 * Returns the name of a service.
 *
 * @param call - the call that got the service, for the error.
 * @throws OptionError if `service` is neither a name nor a token.
 */
export function nameOfService(service: ServiceReference, call: string): string {
  if (typeof service === 'string') return service;
  if (isServiceToken(service)) return service.name;
  throw new OptionError(
    `${call}: the service must be its name, or a token of serviceOf<Stub>(name), not ${showValue(service)}`,
    'service',
  );
}

/** Rule of an option that names a service. */
export const SERVICE_RULE: Rule<ServiceReference> = either(
  nonEmptyText,
  like<ServiceToken<object>>('a token of serviceOf', isServiceToken),
);
