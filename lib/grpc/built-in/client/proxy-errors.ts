/** The url of a proxy is invalid. The message does not contain the url, which may include a password. */
export class ProxyOptionError extends TypeError {
  /** @param where - the option or environment variable. */
  constructor(where: string) {
    super(
      `${where} must be the url of an HTTP proxy, such as "http://user:password@proxy.example:3128"`,
    );
  }
}
