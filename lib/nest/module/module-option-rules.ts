import type { Type } from '@nestjs/common';
import {
  func,
  like,
  listOf,
  nonEmptyText,
  OptionError,
  optionsOf,
  required,
  trueOrFalse,
  type Rules,
} from '../../options/index.js';
import { CLIENT_RULES, SERVER_RULES } from '../options/option-rules.js';
import type { BackchannelModuleOptions } from '../options/options.js';
import type { PeerAuthorizer } from '../listening/peer-authorizer.js';
import type {
  ASYNC_OPTIONS_TYPE,
  BackchannelModuleExtras,
} from './backchannel.module-definition.js';
import type {
  BackchannelClientAsyncRegistration,
  BackchannelClientRegistration,
} from './client-registration.js';

type Modules = NonNullable<BackchannelModuleExtras['imports']>;
type Tokens = NonNullable<BackchannelClientAsyncRegistration['inject']>;

const isAnything = (value: unknown): boolean => value !== null && value !== undefined;
const modules = listOf<Modules[number]>('an array of modules', like('a module', isAnything));

const extrasRules: Rules<BackchannelModuleExtras> = {
  isGlobal: trueOrFalse,
  authorizer: like<Type<PeerAuthorizer>>(
    'an injectable class with the method authorizePeer',
    (value) => typeof value === 'function' && value.prototype !== undefined,
  ),
  imports: modules,
};

/** Rules of the options that the factory of `forRootAsync` returns. */
export const MODULE_RULES: Rules<BackchannelModuleOptions> = {
  server: required(
    optionsOf(SERVER_RULES),
    'the options of the listening side ({ url, package, protoPath }); an application that only dials uses registerClient',
  ),
};

/** Rules of the argument of `forRoot`. */
export const FOR_ROOT_RULES: Rules<BackchannelModuleOptions & BackchannelModuleExtras> = {
  ...MODULE_RULES,
  ...extrasRules,
};

const asyncRules = {
  imports: modules,
  inject: listOf<Tokens[number]>('an array of injection tokens', like('a token', isAnything)),
};

/** Rules of the argument of `forRootAsync`. */
export const FOR_ROOT_ASYNC_RULES: Rules<typeof ASYNC_OPTIONS_TYPE> = {
  ...extrasRules,
  ...asyncRules,
  useFactory: func(),
  useClass: func('a class with the method createBackchannelOptions'),
  useExisting: like('an injection token', isAnything),
  provideInjectionTokensFrom: listOf('an array of providers', like('a provider', isAnything)),
};

const nameRule = required(nonEmptyText, 'the string that @InjectBackchannelClient(name) has');

/** Rules of the argument of `registerClient`. */
export const REGISTER_CLIENT_RULES: Rules<BackchannelClientRegistration> = {
  ...CLIENT_RULES,
  name: nameRule,
};

/** Rules of the argument of `registerClientAsync`. */
export const REGISTER_CLIENT_ASYNC_RULES: Rules<BackchannelClientAsyncRegistration> = {
  ...asyncRules,
  name: nameRule,
  useFactory: func(),
  useClass: func('a class with the method createBackchannelClientOptions'),
  useExisting: func('a class with the method createBackchannelClientOptions'),
};

/**
 * Verifies that an asynchronous registration has exactly one source of options.
 *
 * @throws OptionError if it has none or several.
 */
export function verifySource(call: string, source: { [way in Way]?: unknown }): void {
  const given = WAYS.filter((way) => source[way] !== undefined);
  if (given.length === 1) return;
  const problem = given.length === 0 ? '' : `, not ${given.join(' and ')}`;
  throw new OptionError(`${call} needs one of useFactory, useClass and useExisting${problem}`);
}

type Way = (typeof WAYS)[number];
const WAYS = ['useFactory', 'useClass', 'useExisting'] as const;
