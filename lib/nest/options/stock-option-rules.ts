import {
  anyNumber,
  either,
  func,
  listOf,
  opaqueObject,
  like,
  openObject,
  OptionError,
  optionsOf,
  required,
  text,
  trueOrFalse,
  wholeNumber,
  type Rule,
  type Rules,
} from '../../options/index.js';
import type { StockGrpcOptions } from './options.js';

type StockServicesOptions = Pick<
  StockGrpcOptions,
  | 'package'
  | 'protoPath'
  | 'packageDefinition'
  | 'protoLoader'
  | 'loader'
  | 'onLoadPackageDefinition'
  | 'maxSendMessageLength'
  | 'maxReceiveMessageLength'
  | 'maxMetadataSize'
  | 'keepalive'
  | 'channelOptions'
>;

const textOrTexts = either(text, listOf('an array of strings', text));

const MAX_UINT32 = 2 ** 32 - 1;
const settingOf32Bits = wholeNumber(0, MAX_UINT32);

/**
 * A setting of HTTP/2. Without this rule, both sides would refuse a bad value only when they make a
 * connection.
 */
const metadataSize: Rule<number> = {
  ...settingOf32Bits,
  expects: `${settingOf32Bits.expects}, or Infinity`,
  accepts: (value) => value === Infinity || settingOf32Bits.accepts(value),
};

/**
 * Rules of the stock transport's options for services. Most check types only: Nest and gRPC give some
 * values a special meaning, for example -1 is no limit.
 */
export const STOCK_SERVICES_RULES: Rules<StockServicesOptions> = {
  package: required(textOrTexts, `${textOrTexts.expects}, the packages of the proto file`),
  protoPath: textOrTexts,
  packageDefinition: opaqueObject(),
  protoLoader: text,
  loader: opaqueObject(),
  onLoadPackageDefinition: func(),
  maxSendMessageLength: anyNumber,
  maxReceiveMessageLength: anyNumber,
  maxMetadataSize: metadataSize,
  keepalive: optionsOf<NonNullable<StockGrpcOptions['keepalive']>>({
    keepaliveTimeMs: anyNumber,
    keepaliveTimeoutMs: anyNumber,
    keepalivePermitWithoutCalls: anyNumber,
    http2MaxPingsWithoutData: anyNumber,
    http2MinTimeBetweenPingsMs: anyNumber,
    http2MinPingIntervalWithoutDataMs: anyNumber,
    http2MaxPingStrikes: anyNumber,
  }),
  channelOptions: openObject(),
};

/** Rules of all options of the stock transport except `credentials`, which differ between the sides. */
export const STOCK_OPTION_RULES: Rules<Omit<StockGrpcOptions, 'credentials'>> = {
  ...STOCK_SERVICES_RULES,
  url: like(
    'a string "host:port" or "unix:path", such as "localhost:50051"',
    (value) => typeof value === 'string' && value !== '',
  ),
  gracefulShutdown: trueOrFalse,
};

/**
 * Returns what the proto options lack; undefined if they are complete. The text completes "the options of a
 * side …".
 */
export function problemOfProto(
  options: Pick<StockServicesOptions, 'protoPath' | 'packageDefinition'>,
): string | undefined {
  if (options.protoPath !== undefined || options.packageDefinition !== undefined) return undefined;
  return 'needs "protoPath", the path of the proto file';
}

/** @throws OptionError if the options of `call` lack a proto file. */
export function verifyProto(
  call: string,
  options: Pick<StockServicesOptions, 'protoPath' | 'packageDefinition'>,
): void {
  const problem = problemOfProto(options);
  if (problem !== undefined) throw new OptionError(`${call} ${problem}`, 'protoPath');
}
