import type { NetConnectOpts } from 'node:net';
import type { ChannelOptions } from '@grpc/grpc-js';
import { like, type Rule } from '../../../options/index.js';
import { bypasses } from './no-proxy.js';
import { ProxyOptionError } from './proxy-errors.js';

/** Channel option with the url of the proxy. Overrides the environment; `false` turns the proxy off. */
export const PROXY_OPTION = 'nestjs-backchannel.proxy';

/** Rule of the option `proxy`. */
export const PROXY_RULE: Rule<string | false> = like(
  'the url of an HTTP proxy, such as "http://user:password@proxy.example:3128", or false',
  (value) => value === false || (typeof value === 'string' && isProxyUrl(value)),
);

/** Environment variables, in the order of grpc-js. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'];
const NO_PROXY_VARIABLES = ['no_grpc_proxy', 'no_proxy'];

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** An HTTP proxy for connections by CONNECT (RFC 9110, 9.3.6). */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Whether the connection to the proxy uses TLS: a url with `https:`. */
  readonly secure: boolean;
  /** Value of `proxy-authorization`; undefined without credentials in the url. */
  readonly authorization: string | undefined;
}

/**
 * Returns the proxy of a channel: of its option `PROXY_OPTION`, else of the environment variables of
 * grpc-js (`grpc_proxy`, `https_proxy`, `http_proxy`, in lower case). None if `grpc.enable_http_proxy` is
 * 0.
 *
 * @throws ProxyOptionError if the value is no url of an HTTP proxy.
 */
export function proxyOf(options: ChannelOptions): Proxy | undefined {
  const option = options[PROXY_OPTION] as unknown;
  if (option === false || options['grpc.enable_http_proxy'] === 0) return undefined;
  if (option !== undefined) return parse('"proxy"', option);
  const variable = PROXY_VARIABLES.find((name) => process.env[name]);
  if (variable === undefined) return undefined;
  return parse(`the environment variable ${variable}`, process.env[variable]);
}

/**
 * Whether connections to `address` use the proxy. A proxy of `PROXY_OPTION` serves every host, a proxy of
 * the environment all but those in `no_grpc_proxy` or `no_proxy`. Unix domain sockets use none.
 */
export function isProxied(address: NetConnectOpts, options: ChannelOptions): boolean {
  if (!('port' in address) || address.host === undefined) return false;
  if (options[PROXY_OPTION] !== undefined) return true;
  const variable = NO_PROXY_VARIABLES.find((name) => process.env[name]);
  return variable === undefined || !bypasses(process.env[variable]!, address.host, address.port);
}

function isProxyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { hostname, protocol } = new URL(value);
  return hostname !== '' && Object.hasOwn(DEFAULT_PORTS, protocol);
}

function parse(where: string, value: unknown): Proxy {
  if (typeof value !== 'string' || !isProxyUrl(value)) throw new ProxyOptionError(where);
  const url = new URL(value);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port),
    secure: url.protocol === 'https:',
    authorization: url.username === '' ? undefined : basic(where, url),
  };
}

/** Source: RFC 7617. */
function basic(where: string, { username, password }: URL): string {
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    throw new ProxyOptionError(where);
  }
}
